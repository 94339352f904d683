"""`sf-elt export` and `sf-elt why`, for an export of the tests' own against a real org."""

import json
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from sf_elt.cli import app
from sf_elt.components import deployment
from sf_elt.components.exports.salesforce_export import SalesforceExport
from sf_elt.demo_org.serve import Details, running_org
from sf_elt.warehouse import Warehouse
from sf_elt_tests.components.deployments import deployment_of, environment_of
from sf_elt_tests.orgs import client
from sf_elt_tests.pages import blocks
from sf_elt_tests.writeback.people import Lead, Person, fill

MIRROR = SalesforceExport(
    name="leads", connection="salesforce", object="Lead", operation="mirror", matchers={"Email": "emails"},
    condition="title IS NOT NULL", fields={"Title": "title", "AnnualRevenue": "name"},
    fields_on_create={"LastName": {"template": "{email}"}, "Company": {"constant": "[unknown]"}},
)  # fmt: skip
OFF = MIRROR.model_copy(update={"name": "off", "enabled": False})


@pytest.fixture(scope="module")
def details() -> Iterator[Details]:
    with running_org(records=0) as details:
        yield details


@pytest.fixture
def warehouse(details: Details, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Warehouse:
    for name, value in environment_of(details).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("SF_ELT_DATA", str(tmp_path / "warehouse"))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(deployment, "load_deployment", lambda: deployment_of({"object": "Lead"}, exports=(MIRROR, OFF)))
    return Warehouse(tmp_path / "warehouse")


def _people(warehouse: Warehouse, **titles: str | None) -> None:
    """Profiles of these names with these titles; `name` is no number, and goes nowhere."""
    people = [
        Person(name, values={"emails": [f"{name}@cli.example"], "email": f"{name}@cli.example", "title": title})
        for name, title in titles.items()
    ]
    people.append(Person("bad", values={"emails": ["bad@cli.example"], "title": "Dr", "name": "soon"}))
    fill(warehouse, people, [Lead("00Q000000000001EAA")])


def test_an_export_from_the_first_look_to_the_undo(warehouse: Warehouse, details: Details) -> None:
    """Looked at, sent; then somebody leaves: what is deleted is named, waits, is approved, and taken back."""
    sf = client(details)
    _people(warehouse, ann="Doctor of Letters", bob="Dr")
    looked = _run("export", "plan", "leads")
    assert looked.exit_code == 0, looked.output
    for told in (
        "would create",
        "INVALID_TYPE_ON_FIELD_IN_RECORD  1",
        "cannot set *currency* field",
        "to *string* '…'",
    ):
        assert told in looked.stdout
    assert "D… (length 17)" in looked.stdout
    assert "Doctor of Letters" not in looked.output
    assert "Doctor of Letters" in _run("export", "plan", "leads", "--full").stdout
    assert _leads(sf) == []
    sent = json.loads(_run("export", "send", "leads", "--json").stdout)
    assert (sent["by_operation"], sent["set_aside"]) == ({"create": 2}, 1)

    _people(warehouse, ann="Doctor of Letters", bob=None)
    looked = _run("export", "plan", "leads", "--json")
    (bob,) = json.loads(looked.stdout)["would_delete"]
    assert looked.exit_code == 3
    shown = _run("export", "plan", "leads")
    assert f"This would DELETE 1 record, and nothing else:\n{bob}" in shown.stdout
    waits = _run("export", "send", "leads")
    assert waits.exit_code == 3
    assert "it would delete 1 of the export's 2 records, 50.0%" in waits.stderr
    rows = [json.loads(line) for line in _run("export", "list", "--format", "jsonl").stdout.splitlines()]
    assert [row["state"] for row in rows] == ["waiting for approval", "switched off"]
    plan_id = rows[0]["plan_id"]
    assert "waits for approval" in _run("why", bob, "leads").stdout
    refused = _run("export", "send", "leads", "--approve", "nonsense")
    assert (refused.exit_code, "there is no plan 'nonsense'" in refused.stderr) == (1, True)
    approved = _run("export", "send", "leads", "--approve", plan_id)
    assert (approved.exit_code, "1 deleted" in approved.stderr) == (0, True)
    assert _leads(sf) == ["ann@cli.example"]

    shown = _run("export", "undo", "leads")
    assert (shown.exit_code, "1 to bring back" in shown.stderr) == (0, True)
    assert "Nothing was sent: --apply does it" in shown.stderr
    done = _run("export", "undo", "leads", "--apply")
    assert (done.exit_code, "1 brought back" in done.stderr) == (0, True)
    assert _leads(sf) == ["ann@cli.example", "bob@cli.example"]
    told = _run("why", bob, "leads")
    assert "UNDONE" in told.stdout
    assert [each["operation"] for each in json.loads(_run("why", bob, "leads", "--json").stdout)[0]["log"]] == [
        "undelete", "delete", "create",
    ]  # fmt: skip


def test_what_cannot_be_done_is_said_in_a_sentence(warehouse: Warehouse) -> None:
    """No such export or person, nothing to undo or to reject, switched off."""
    _people(warehouse)
    wrong = {
        ("export", "plan", "laeds"): "there is no export 'laeds'; did you mean 'leads'",
        ("export", "undo", "leads"): "has no run that wrote something",
        ("export", "reject", "leads", "nonsense"): "there is no plan 'nonsense'",
        ("why", "stranger@cli.example", "leads"): "no profile has this identifier or id",
    }
    for arguments, says in wrong.items():
        result = _run(*arguments)
        assert (result.exit_code, says in " ".join(result.stderr.split())) == (1, True), result.output
    for command in ("plan", "send"):
        result = _run("export", command, "off")
        assert (result.exit_code, "switched off (enabled: false)" in result.stderr) == (0, True)


def test_the_commands_of_the_page_run(warehouse: Warehouse) -> None:
    """Every line of the shell block of docs/exports.md ends well, one after the other."""
    _people(warehouse, ada="Countess")
    identifiers = "INSERT INTO profiles.identifiers SELECT 'email', 'ada@example.com', 'ada', current_localtimestamp()"
    with warehouse.write() as connection:
        connection.execute(identifiers)
    text = "".join(block.text for block in blocks("sh") if block.page.name == "exports.md")
    commands = [shlex.split(line, comments=True) for line in text.splitlines()]
    assert len(commands) == 6
    for program, *arguments in commands:
        result = _run(*arguments)
        assert (program.rpartition("/")[2], result.exit_code) == ("sf-elt", 0), result.output


def _leads(sf) -> list[str]:
    return [lead["Email"] for lead in sf.query("SELECT Email FROM Lead ORDER BY Email")["records"]]


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))
