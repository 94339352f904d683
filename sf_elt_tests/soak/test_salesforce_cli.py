"""Salesforce's own command line against the demo org: what docs/demo-org/clients.md shows of it, and more of the kind.

npm installs it into a temporary folder, with a Node where this machine's is too old for it.
"""

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sf_elt.demo_org.serve import Details, running_org
from sf_elt_tests.orgs import client
from sf_elt_tests.pages import ROOT, blocks, commands_of

pytestmark = pytest.mark.soak

OLDEST_NODE = 22
PAGE = ROOT / "docs" / "demo-org" / "clients.md"
QUIET = {
    "SF_DISABLE_AUTOUPDATE": "true",
    "SF_DISABLE_TELEMETRY": "true",
    "SF_SKIP_NEW_VERSION_CHECK": "true",
    "SF_USE_GENERIC_UNIX_KEYCHAIN": "true",
}
BROWSER = f"""#!{sys.executable}
import json, os, sys
from pathlib import Path
if os.fork():
    sys.exit()  # the CLI goes on once the browser is opened
sys.path.insert(0, {str(ROOT)!r})
from sf_elt.demo_org.serve import Details
from sf_elt_tests.salesforce.consenting import come_back
come_back(Details(**json.loads(Path("org.json").read_text())), sys.argv[1])
"""

Typed = Callable[[str], str]
Asked = Callable[..., Any]


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A PATH with `sf`."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not on the PATH, and it brings the Salesforce CLI")
    machine = os.uname()
    node = f"node-{machine.sysname.lower()}-{machine.machine.replace('x86_64', 'x64').replace('aarch64', 'arm64')}"
    wanted = ["@salesforce/cli", *([] if _node() >= OLDEST_NODE else [f"{node}@{OLDEST_NODE}"])]
    folder = tmp_path_factory.mktemp("cli")
    command = [npm, "install", "--prefix", str(folder), "--ignore-scripts", "--no-audit", "--no-fund", *wanted]
    installed = subprocess.run(command, capture_output=True, text=True, timeout=900)
    if installed.returncode != 0:
        pytest.skip(f"the Salesforce CLI could not be installed: {installed.stderr[-500:]}")
    modules = folder / "node_modules"
    return os.pathsep.join([str(modules / node / "bin"), str(modules / ".bin"), os.environ["PATH"]])


@pytest.fixture(scope="module")
def org() -> Iterator[Details]:
    with running_org(seed=7, records=300) as details:
        yield details


@pytest.fixture(scope="module")
def typed(programs: str, org: Details, tmp_path_factory: pytest.TempPathFactory) -> Typed:
    """Types lines into a shell in which the page's first example has run; what they print. They must all succeed."""
    home = tmp_path_factory.mktemp("home")
    (home / "org.json").write_text(org.as_json())
    browser = home / "browser"
    browser.write_text(BROWSER)
    browser.chmod(0o755)
    first = next(each.text for each in blocks("sh") if each.page == PAGE and each.text.startswith("field() {"))
    login = "".join(first.splitlines(keepends=True)[:2])
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SF", "XDG_", "SALESFORCE"))}
    environment = {**kept, **QUIET, "HOME": str(home), "PATH": programs, "BROWSER": str(browser)}

    def run(lines: str) -> str:
        ended = subprocess.run(
            ["bash", "-eo", "pipefail", "-c", login + lines],
            cwd=home, env=environment, capture_output=True, text=True, timeout=600, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        assert ended.returncode == 0, f"{lines}\n{ended.stdout}\n{ended.stderr}"
        return ended.stdout

    return run


@pytest.fixture(scope="module")
def asked(typed: Typed) -> Asked:
    """Runs one command of somebody who is logged in; its result as JSON."""
    typed(_block("$ SF_ACCESS_TOKEN="))

    def ask(*command: str) -> Any:
        return json.loads(typed(shlex.join(["sf", *command, "--target-org", "demo", "--json"])))["result"]

    return ask


def test_the_page_as_it_stands(typed: Typed, org: Details) -> None:
    """A session, a query and a record; a login by key; and one in a browser, which comes back to the CLI."""
    said = typed(_block("$ SF_ACCESS_TOKEN="))
    assert "Total number of records retrieved: 3." in said
    assert "Successfully created record: 00Q" in said
    assert client(org).query("SELECT Company FROM Lead WHERE LastName = 'Doe'")["records"][0]["Company"] == "Acme"
    typed("sf org logout --no-prompt --target-org demo")
    by_key, in_browser = _block("$ sf org login").split("sf org login web", 1)
    for line in (by_key, f"sf org login web{in_browser}"):
        assert f"Successfully authorized {org.username}" in typed(line)
        shown = json.loads(typed("sf org display --target-org demo --json"))["result"]
        assert (shown["connectedStatus"], shown["instanceUrl"]) == ("Connected", org.instance_url)
        typed("sf org logout --no-prompt --target-org demo")


def test_bulk(asked: Asked, typed: Typed, org: Details) -> None:
    """Files go out and in, and what one refuses has its row."""
    exported = ("--query", "SELECT Id, Company FROM Lead", "--output-file", "leads.csv", "--result-format", "csv")
    asked("data", "export", "bulk", *exported, "--wait", "5")
    leads = client(org).query("SELECT count() FROM Lead")["totalSize"]
    assert typed("wc --lines < leads.csv").strip() == str(leads + 1)
    typed("(head -1 leads.csv; sed -n 2,4p leads.csv | sed 's/,.*/,\"Upserted\"/') > some.csv")
    of_leads = ("--sobject", "Lead", "--wait", "5", "--file")
    for verb, more in (("upsert", ("--external-id", "Id")), ("update", ())):
        assert asked("data", verb, "bulk", *of_leads, "some.csv", *more)
    assert client(org).query("SELECT count() FROM Lead WHERE Company = 'Upserted'")["totalSize"] == 3
    typed("printf 'LastName,Company\\n,Acme\\nPoe,Acme\\n' > bad.csv; cut -d, -f1 some.csv > gone.csv")
    typed(
        "sf data import bulk --target-org demo --sobject Lead --wait 5 --file bad.csv --json > out.json || test $? = 1"
    )
    job = json.loads(typed("cat out.json"))["data"]["jobId"]
    results = asked("data", "bulk", "results", "--job-id", job)
    assert (results["processedRecords"], results["failedRecords"]) == (2, 1)
    assert "REQUIRED_FIELD_MISSING" in typed(f"cat {results['failedFilePath']}")
    asked("data", "delete", "bulk", *of_leads, "gone.csv")
    assert client(org).query("SELECT count() FROM Lead")["totalSize"] == leads + 1 - 3


def test_more_of_it(asked: Asked, typed: Typed, org: Details) -> None:
    """One record, a search, trees of records, describes, limits, metadata, and the address that opens the org."""
    created = asked("data", "create", "record", "--sobject", "Lead", "--values", "LastName=Moe Company=Acme")["id"]
    one = ("--sobject", "Lead", "--record-id", created)
    asked("data", "update", "record", *one, "--values", "Company=Beta")
    assert asked("data", "get", "record", *one)["Company"] == "Beta"
    found = asked("data", "search", "--query", "FIND {Moe} IN ALL FIELDS RETURNING Lead(Id)")["searchRecords"]
    assert [each["Id"] for each in found] == [created]
    asked("data", "delete", "record", *one)
    tree = (
        "SELECT Name, (SELECT LastName FROM Contacts) FROM Account WHERE Id IN (SELECT AccountId FROM Contact) LIMIT 1"
    )
    asked("data", "export", "tree", "--query", tree, "--plan", "--output-dir", "tree")
    plan = typed("ls tree/*plan.json").strip()
    assert {each["type"] for each in asked("data", "import", "tree", "--plan", plan)} == {"Account", "Contact"}
    assert "Lead" in asked("sobject", "list", "--sobject", "all")
    assert asked("sobject", "describe", "--sobject", "Lead")["name"] == "Lead"
    limits = {each["name"]: each for each in asked("org", "list", "limits")}
    assert 0 < limits["DailyApiRequests"]["remaining"] < limits["DailyApiRequests"]["max"]
    objects = {each["fullName"] for each in asked("org", "list", "metadata", "--metadata-type", "CustomObject")}
    assert {"Lead", "Subscription__c"} <= objects
    assert asked("org", "open", "--url-only")["url"].startswith(f"{org.instance_url}/secur/frontdoor.jsp?otp=")


def _block(begins: str) -> str:
    [text] = [commands_of(each) for each in blocks("console") if each.page == PAGE and each.text.startswith(begins)]
    return text


def _node() -> int:
    """The major version of this machine's Node; 0 where there is none."""
    node = shutil.which("node")
    if node is None:
        return 0
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    return int(said.strip().removeprefix("v").partition(".")[0])
