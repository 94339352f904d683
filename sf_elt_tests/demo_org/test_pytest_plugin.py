"""The pytest fixtures that come with sf_elt, as its users meet them: their test file, run by a pytest of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

PLUGIN = "sf_elt.demo_org.pytest_plugin"

TESTS = """
import pytest
import requests

ASKED = {}


def ask(org, method, path, **options):
    address = org.instance_url + "/services/data/v62.0" + path
    headers = {"Authorization": f"Bearer {org.access_token}"}
    return requests.request(method, address, headers=headers, timeout=10, **options)


def test_an_org_without_records(salesforce_org):
    ASKED["first"] = salesforce_org.instance_url
    salesforce_org.faults.plan({"preset": "lost_answer", "path": "/sobjects/Account"})
    with pytest.raises(requests.ConnectionError):
        ask(salesforce_org, "POST", "/sobjects/Account", json={"Name": "Acme"})
    assert [account["Name"] for account in salesforce_org.records("Account")] == ["Acme"]
    assert [call["method"] for call in salesforce_org.calls.all()] == ["POST"]


@pytest.mark.salesforce_org(seed=7, records=60)
def test_an_org_with_records(salesforce_org):
    assert salesforce_org.instance_url != ASKED["first"]
    assert len(salesforce_org.records("Lead")) == 36
    assert salesforce_org.password not in repr(salesforce_org)


@pytest.fixture(scope="module")
def shared(salesforce_org_factory):
    return salesforce_org_factory(records=0)


@pytest.mark.parametrize("calls", [1, 2])
def test_an_org_of_several_tests(shared, calls):
    ask(shared, "GET", "/limits")
    assert len(shared.calls.all()) == calls


def test_a_session_for_clients_that_insist_on_https(shared):
    assert shared.session().get("https://login.salesforce.com/services/data", timeout=10).json()
"""


def run(*command: str, cwd: Path) -> str:
    ended = subprocess.run([sys.executable, *command], cwd=cwd, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.mark.soak
def test_fixtures_give_orgs_to_other_peoples_tests(tmp_path: Path) -> None:
    """An org per test, with what its marker says; a shared one; faults, calls, records and a session.

    The installed package registers the plugin too: both names are the same, so it is there once.
    """
    (tmp_path / "test_theirs.py").write_text(TESTS)
    said = run("-m", "pytest", "-q", "--strict-markers", "-p", PLUGIN, "-p", "no:cacheprovider", cwd=tmp_path)
    assert "5 passed" in said


def test_a_marker_without_names_is_refused(tmp_path: Path) -> None:
    """`salesforce_org(500)` does not quietly mean an org without records."""
    mark = "import pytest\n@pytest.mark.salesforce_org(500)\ndef test_it(salesforce_org): pass\n"
    (tmp_path / "test_theirs.py").write_text(mark)
    command = [sys.executable, "-m", "pytest", "-q", "-p", PLUGIN, "-p", "no:cacheprovider"]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 1
    assert "options by name, such as records=500" in ended.stdout


def test_tests_that_need_no_org_do_not_wait_for_one(tmp_path: Path) -> None:
    """pytest starts without the org's libraries."""
    heavy = "{'duckdb', 'pyarrow', 'pydantic', 'requests', 'starlette', 'uvicorn', 'dagster'}"
    code = f"import sys, {PLUGIN}; print(sorted({heavy} & set(sys.modules)))"
    assert run("-c", code, cwd=tmp_path).strip() == "[]"
