"""`sf-elt check` and `sf-elt estimate`, against this project's own deployment."""

import json
import shlex
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from sf_elt.cli import app
from sf_elt.components import SalesforceConnection, deployment
from sf_elt.components.preflight import Preflight
from sf_elt.demo_org.serve import Details
from sf_elt_tests.components.deployments import deployment_of, environment_of
from sf_elt_tests.orgs import levers
from sf_elt_tests.pages import blocks
from sf_elt_tests.shared_orgs import org, org_of_module

__all__ = ["org", "org_of_module"]


@pytest.fixture(autouse=True)
def _environment(org: Details, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    variables = environment_of(org) | {"SF_ELT_DATA": str(tmp_path / "warehouse"), "COLUMNS": "160"}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    yield
    levers(org).set_permission("Subscription__c", access="granted")


def test_the_projects_own_deployment_passes_on_the_demo_org(org: Details) -> None:
    """Nothing is missing; every stream and export has its rows, and no secret is printed."""
    result = _run("check")
    assert result.exit_code == 0, result.output
    for about in ("salesforce_leads", "salesforce_subscriptions", "export leads", "export contacts"):
        assert about in result.stdout
    assert "API calls" in result.stdout.splitlines()[-1]
    assert org.password not in result.output
    assert org.security_token not in result.output


def test_one_call_is_one_call() -> None:
    """A check that got no further than its login says so in the singular."""
    found = Preflight("salesforce", (), api_calls=1)
    assert found.in_words().endswith("1 API call")


def test_what_is_missing_ends_with_exit_code_1(org: Details) -> None:
    """As JSON: the subject, and the grant in an administrator's words."""
    levers(org).set_permission("Subscription__c", access="none")
    result = _run("check", "salesforce", "--json")
    [found] = json.loads(result.stdout)
    assert result.exit_code == 1
    assert found["passed"] is False
    [missing] = [each for each in found["findings"] if each["verdict"] == "missing"]
    assert missing["subject"] == "salesforce_subscriptions"
    assert missing["grant"].endswith("Object Settings › Subscription__c › Object Permissions: Read")


def test_an_estimate_as_json_adds_up() -> None:
    """The calls are the login's and those of the streams, and the time it is done is given."""
    [found] = json.loads(_run("estimate", "--json").stdout)
    assert found["import"] == "salesforce"
    assert found["api_calls"] == 1 + sum(each["calls"] for each in found["streams"])
    assert found["rows"] == sum(each["rows"] for each in found["streams"]) > 0
    assert found["done_at"] > "2026"


def test_an_org_with_too_few_calls_for_the_upkeep_is_told_of(org: Details) -> None:
    """What an hourly schedule takes is held against what a day gives, here 40 calls beyond the reserve of 1,000."""
    levers(org).limit(1_040)
    said = _run("estimate").stdout
    assert "more than the 40 of a day: it will pause" in said


@pytest.mark.parametrize(("command", "what"), [("check", "connection"), ("estimate", "import")])
def test_an_unknown_name_ends_with_those_that_there_are(command: str, what: str) -> None:
    """The nearest name is offered."""
    result = _run(command, "salesforse")
    assert result.exit_code == 1
    assert f"there is no {what} 'salesforse'; did you mean 'salesforce'?" in result.stderr


def test_an_estimate_without_a_login_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line of what is wrong, one of what to do."""
    monkeypatch.setenv("SALESFORCE_PASSWORD", "")
    result = _run("estimate")
    assert result.exit_code == 1
    assert "docs/connecting.md" in result.stderr
    assert "Traceback" not in result.output


@pytest.mark.parametrize("command", ["check", "estimate"])
def test_an_address_that_is_none_is_told_with_what_to_do(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable's value without a password in it, and the page that lists the variables."""
    for address, said in (
        ("login.salesforce.com", "SALESFORCE_LOGIN_URL: 'login.salesforce.com' is not an address"),
        ("https://ops:s3c/ret@login.salesforce.com", "'https://…@login.salesforce.com' has a user or"),
    ):
        monkeypatch.setenv("SALESFORCE_LOGIN_URL", address)
        result = _run(command)
        assert result.exit_code == 1
        assert said in result.output
        assert "s3c" not in result.output
    assert "Correct the variable: docs/connecting.md" in result.output


def test_look_ups_ask_which_of_several_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    """None is taken silently; the one that is named is."""
    connections = tuple(SalesforceConnection(name=name) for name in ("salesforce", "sandbox"))
    several = replace(deployment_of({"object": "Lead"}), connections=connections)
    monkeypatch.setattr(deployment, "load_deployment", lambda: several)
    result = _run("sf", "picklist", "Lead", "Status")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "several connections: salesforce, sandbox. Say which: --connection salesforce" in result.stderr
    assert _run("sf", "picklist", "Lead", "Status", "--connection", "salesforce").exit_code == 0


def test_a_file_of_the_environment_is_read(org: Details, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What Dagster reads from `.env`, the commands read, before what the environment has."""
    monkeypatch.setenv("SALESFORCE_PASSWORD", "wrong")
    (tmp_path / ".env").write_text(f"SALESFORCE_PASSWORD='{org.password}'\n")
    assert _run("check").exit_code == 0


def test_the_commands_of_the_page_run() -> None:
    """Every line of the shell blocks of docs/preflight.md ends well."""
    text = "".join(block.text for block in blocks("sh") if block.page.name == "preflight.md")
    commands = [shlex.split(line, comments=True) for line in text.splitlines()]
    assert len(commands) == 6
    for program, *arguments in commands:
        result = _run(*arguments)
        assert (program, result.exit_code) == (".venv/bin/sf-elt", 0), result.output


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))
