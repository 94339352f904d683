"""jsforce 3 against the demo org: the programs in jsforce/ use it as its own documentation does.

`npm ci` installs it once, into jsforce/node_modules, from the committed lock.
"""

import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from sf_elt.demo_org.serve import Details, running_org
from sf_elt_tests.pages import blocks

PROGRAMS = Path(__file__).parent / "jsforce"
OLDEST_NODE = 18

Run = Callable[[str], dict[str, Any]]


@pytest.fixture(scope="session")
def node() -> str:
    """The path of a Node that has jsforce installed beside the programs."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("Node and npm are not on the PATH, and jsforce needs them")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(version.removeprefix("v").partition(".")[0]) < OLDEST_NODE:
        pytest.skip(f"jsforce needs Node {OLDEST_NODE} or newer; this is {version}")
    lock = PROGRAMS / "package-lock.json"
    with lock.open() as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)  # tests run side by side
        installed = PROGRAMS / "node_modules" / "lock-that-was-installed.json"
        if not installed.exists() or installed.read_bytes() != lock.read_bytes():
            command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
            ended = subprocess.run(command, cwd=PROGRAMS, capture_output=True, text=True)
            if ended.returncode != 0:
                give_up = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
                give_up(f"jsforce could not be installed: {ended.stderr[-500:]}")
            shutil.copy(lock, installed)
    return node


@pytest.fixture(scope="module")
def org() -> Iterator[Details]:
    with running_org(seed=7, records=600) as details:
        yield details


@pytest.fixture(scope="module")
def jsforce(node: str, org: Details) -> Run:
    """Runs a program; what each of its checks gave, or the code and message of what it threw."""

    def run(program: str) -> dict[str, Any]:
        ended = subprocess.run(
            [node, "run.mjs", program],
            cwd=PROGRAMS,
            env={**os.environ, "DEMO_ORG": json.dumps(asdict(org))},
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert ended.returncode == 0, ended.stderr
        outcomes: dict[str, dict[str, Any]] = json.loads(ended.stdout)
        return {name: outcome.get("value", outcome.get("error")) for name, outcome in outcomes.items()}

    return run


def refusal(code: str, message: str) -> dict[str, str]:
    return {"code": code, "message": message}


def test_jsforce_logs_in(jsforce: Run) -> None:
    """By password over SOAP, by OAuth with a code and PKCE, password or client credentials; refreshes, logs out."""
    assert jsforce("login") == {
        "password": {"sameUser": True, "organization": "00D", "instanceUrl": True, "username": True},
        "wrong password": refusal(
            "Error", "INVALID_LOGIN: Invalid username, password, security token; or user locked out."
        ),
        "oauth2 password": {"user": "005", "users": 1},
        "authorization code with PKCE, refreshed": {
            "state": "s",
            "user": "005",
            "instanceUrl": True,
            "refreshes": 1,
            "totalSize": 1,
        },
        "client credentials": 1,
        "expired session": refusal("INVALID_SESSION_ID", "Session expired or invalid"),
        "session refreshed by login": 1,
        "logout": "INVALID_SESSION_ID",
        "logout by oauth2": None,
    }


def test_jsforce_queries(jsforce: Run) -> None:
    """Query, pages, autoFetch, find, select with children, count, aggregates, scanAll, search, errors by code."""
    said = jsforce("query")
    assert said.pop("malformed query") == refusal("MALFORMED_QUERY", "unexpected token: '<EOF>'")
    assert said.pop("unknown field")["code"] == "INVALID_FIELD"
    assert said == {
        "query": {"totalSize": 3, "done": True, "type": "Contact", "parent": "Account"},
        "queryMore": {"all": True, "paged": True},
        "autoFetch": True,
        "events": True,
        "find": 5,
        "find with star": {"type": "Lead", "hasMore": True},
        "count": True,
        "select": 5,
        "aggregates": {"type": "AggregateResult", "ordered": True},
        "queryAll": True,
        "search": {"found": True, "type": "Lead"},
    }


def test_jsforce_changes_records(jsforce: Run) -> None:
    """CRUD and upsert of one and many records, by Id and by a query; what changed, by getUpdated and getDeleted."""
    no_name = {
        "statusCode": "REQUIRED_FIELD_MISSING",
        "message": "Required fields are missing: [Name]",
        "fields": ["Name"],
    }
    assert jsforce("records") == {
        "create": {"one": "001", "several": [True, True, False], "error": [no_name]},
        "create with an error": refusal("REQUIRED_FIELD_MISSING", "Required fields are missing: [LastName, Company]"),
        "retrieve": {"one": "R 1", "several": ["R 1", "R 2"], "type": "Account"},
        "retrieve what is not there": refusal("NOT_FOUND", "The requested resource does not exist"),
        "update": {"one": True, "several": [True, True], "names": ["Changed 0", "Changed 1"]},
        "upsert": {"created": [True, False], "several": [True, True], "LastName": "A"},
        "destroy": {"one": True, "several": [True, True]},
        "create and destroy by a query": [True, True],
        "update by a query": [True, True],
        "more than a call takes": 450,
        "all or none": ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "REQUIRED_FIELD_MISSING"],
        "updated and deleted": {"updated": True, "deleted": True, "covered": True},
        "recent": True,
    }


def test_jsforce_describes(jsforce: Run) -> None:
    """Describes, layouts, limits, identity; Apex and Chatter, which the org has none of, are refused."""
    gone = refusal("NOT_FOUND", "The requested resource does not exist")
    assert jsforce("describe") == {
        "describe": {"name": "Lead", "keyPrefix": "00Q", "status": "picklist", "values": True},
        "describe from the cache": {"same": True, "name": "Account"},
        "global describe": {"hasLead": True, "maxBatchSize": 200, "encoding": "UTF-8"},
        "unknown object": gone,
        "limits": True,
        "limit info": True,
        "identity": {"username": True, "rest": True},
        "versions": True,
        "resources": [],
        "layouts": True,
        "compactLayouts": True,
        "listviews": True,
        "quickActions": True,
        "parts of pages": [0, 0, 0, 0],
        "apex": refusal("NOT_FOUND", "Could not find a match for URL"),
        "chatter": gone,
    }


def test_jsforce_uses_bulk_2(jsforce: Run) -> None:
    """Loads with failures, single steps, abort, upsert, query, queryAll, refusal, and deletes what a query finds."""
    said = jsforce("bulk2")
    assert said.pop("query that cannot run")["code"] == "FUNCTIONALITY_NOT_ENABLED"
    assert said == {
        "load and wait": {
            "successful": 2,
            "failed": ["REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName --"],
            "unprocessed": 0,
            "id": "003",
        },
        "steps of an ingest job": {
            "states": ["open"],
            "state": "JobComplete",
            "numberRecordsProcessed": 1,
            "numberRecordsFailed": 0,
            "names": ["Stepwise"],
        },
        "abort of an ingest job": "Aborted",
        "upsert": ["true", "false"],
        "query": True,
        "query with scanAll": True,
        "destroy by a query": 1,
    }


def test_jsforce_uses_bulk_1(jsforce: Run) -> None:
    """Loads with a failure, single steps of an upsert, a query, and changes what a query finds."""
    assert jsforce("bulk") == {
        "load": {
            "success": [True, True, False],
            "id": "003",
            "errors": ["REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName --"],
        },
        "steps of a job": {"queued": "751", "success": [True], "state": "Open", "closed": "Closed"},
        "query": True,
        "update and destroy by a query": [[True] * 3, [True] * 3],
    }


def test_jsforce_sends_composite_requests(jsforce: Run) -> None:
    """Composite, tree, batch and graph."""
    assert jsforce("composite") == {
        "composite": {"statuses": [201, 201, 200], "linked": True},
        "tree": {"hasErrors": False, "references": ["a1", "c1"]},
        "batch": {"hasErrors": True, "statuses": [200, 404]},
        "graph": [True],
    }


def test_jsforce_speaks_soap(jsforce: Run) -> None:
    """Lead conversion, merge, create, emptyRecycleBin, and who and when."""
    assert jsforce("soap") == {
        "convertLead": {"success": True, "account": "001", "converted": True},
        "merge": {"success": True, "id": True, "merged": True},
        "getServerTimestamp": True,
        "getUserInfo": True,
        "create": [True],
        "emptyRecycleBin": [True],
    }


def test_jsforce_changes_metadata(jsforce: Run) -> None:
    """Objects and fields come, are read, listed, change and go, by the Metadata and Tooling APIs; Apex is refused."""
    assert jsforce("metadata") == {
        "create an object": {"success": True, "fullName": "Js_Thing__c"},
        "create a field": {"success": True, "errors": []},
        "create what is there already": {"success": False, "code": "DUPLICATE_DEVELOPER_NAME"},
        "read an object": {"fullName": "Js_Thing__c", "label": "Thing", "sharingModel": "ReadWrite"},
        "update an object": {"success": True, "label": "Renamed"},
        "list": True,
        "describe": True,
        "delete an object": {"success": True, "fullName": "Js_Thing__c"},
        "tooling query": ["Js_Score"],
        "tooling describe": True,
        "tooling create a field": True,
        "anonymous apex": refusal("FUNCTIONALITY_NOT_ENABLED", "Apex is not supported by the demo org"),
    }


def test_the_documented_program_runs(node: str, org: Details, tmp_path: Path) -> None:
    """The program that docs/demo-org/clients.md shows reads leads and makes one."""
    (program,) = blocks("js")
    (tmp_path / "org.json").write_text(org.as_json())
    (tmp_path / "node_modules").symlink_to(PROGRAMS / "node_modules")
    (tmp_path / "try.mjs").write_text(program.text)
    ended = subprocess.run([node, "try.mjs"], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, ended.stderr
    assert "success: true" in ended.stdout
