"""Matchers that Salesforce does not filter by: refused when the YAML is loaded, without asking anybody."""

import json
import os
import re
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest
from typer.testing import CliRunner

from sf_elt.cli import app
from sf_elt.components import deployment
from sf_elt.components.deployment import load_deployment
from sf_elt.components.kept_describes import kept_describes
from sf_elt.components.resources import OrgConnection, open_warehouse
from sf_elt.components.wrong_yaml import yaml_told_plainly
from sf_elt.demo_org.serve import Details
from sf_elt.salesforce import describe
from sf_elt_tests.components.deployments import environment_of
from sf_elt_tests.components.projects import CONNECTION
from sf_elt_tests.components.test_yaml import PYPROJECT
from sf_elt_tests.orgs import levers
from sf_elt_tests.shared_orgs import org, org_of_module

__all__ = ["org", "org_of_module"]

EXPORT = """type: sf_elt.components.SalesforceExport
attributes:
  name: titles
  connection: salesforce
  object: {object}
  operation: upsert
  matchers: {{{matchers}}}
  fields:
    Title: {{constant: Herzogin}}
    OwnerId: {{find: User, by: {by}, equals: {{constant: ada@example.com}}}}
"""
TEXT = {"type": "Text", "label": "Key", "length": 40}
LONG_TEXT = {"type": "LongTextArea", "label": "Key", "length": 4000, "visibleLines": 3}
AT = r"exports/defs\.yaml:7 attributes\.matchers\.{}: "


@pytest.fixture(autouse=True)
def _environment(org: Details, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (environment_of(org) | {"SF_ELT_DATA": str(tmp_path / "warehouse"), "COLUMNS": "200"}).items():
        monkeypatch.setenv(name, value)
    monkeypatch.syspath_prepend(str(tmp_path))


def test_before_the_org_was_asked_what_salesforce_documents_counts(tmp_path: Path, org: Details) -> None:
    """A long text is refused with its reason and with what can be taken; of a custom field nothing is known yet."""
    said = _load(tmp_path, "Description")
    assert re.search(
        AT.format("Description") + r"Lead\.Description is a textarea that Salesforce does not filter", said
    )
    assert "take Id or Email. So Salesforce documents it" in said
    assert "`sf-elt check salesforce` asks it anew" in said
    said = _load(tmp_path, "address", object_name="lead")
    assert "Lead.Address is an address, which does not compare" in said
    assert _load(tmp_path, "Interests__c") == "nothing"
    assert levers(org).calls.all() == []


def test_what_the_org_said_counts_once_it_was_asked(tmp_path: Path, org: Details) -> None:
    """Its own words of a custom field, when they were said, and what `find` looks for."""
    _ask("Lead", "User")
    levers(org).calls.clear()
    said = _load(tmp_path, "Interests__c")
    assert re.search(AT.format("Interests__c") + r"Lead\.Interests__c is a multipicklist, whose several values", said)
    assert re.search(
        r"take Id, Email or \w+\. So said the org on \d{4}-\d\d-\d\d at \d\d:\d\d UTC; `sf-elt check", said
    )
    by = _load(tmp_path, "Email", by="Address")
    assert re.search(r"exports/defs\.yaml:10 attributes\.fields\.OwnerId: User\.Address is an address", by)
    assert _load(tmp_path, "Email") == "nothing"
    assert levers(org).calls.all() == []


@pytest.mark.parametrize(
    "torn",
    [b"", b'{"whose": "', b"\xff\xfe", b"[1, 2]", b'{"whose": "", "asked_at": "soon", "described": {"name": 3}}', None],
)
def test_a_torn_file_is_as_good_as_none(tmp_path: Path, torn: bytes | None) -> None:
    """Whatever stands there, also a folder, the YAML loads, or is refused by what Salesforce documents."""
    _ask("Lead")
    file = tmp_path / "warehouse" / "described" / "salesforce" / "lead.json"
    file.unlink()
    file.mkdir() if torn is None else file.write_bytes(torn)
    assert _load(tmp_path, "Interests__c") == "nothing"
    assert "So Salesforce documents it" in _load(tmp_path, "Description")


def test_what_another_login_was_told_does_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another org, or a user who sees other fields, under the same variables; without a user, what there is counts."""
    _ask("Lead")
    monkeypatch.setenv("SALESFORCE_USERNAME", "somebody.else@example.com")
    assert _load(tmp_path, "Interests__c") == "nothing"
    monkeypatch.delenv("SALESFORCE_USERNAME")
    assert "is a multipicklist" in _load(tmp_path, "Interests__c")


def test_what_the_org_does_not_have_is_warned_of(
    tmp_path: Path, org: Details, caplog: pytest.LogCaptureFixture
) -> None:
    """A field that is missing, or that can be filtered no more, keeps its own export back and none of the others."""
    _ask("Lead")
    assert _load(tmp_path, "Emial") == "nothing"
    assert re.search(AT.format("Emial") + r"Lead has no field 'Emial'.*\(did you mean Email\?\)", caplog.text)
    levers(org).change_schema("Lead", add=[{"fullName": "Key__c", **TEXT}])
    _ask("Lead")
    levers(org).change_schema("Lead", change=[{"fullName": "Key__c", **LONG_TEXT}])
    for _ in range(2):  # it is remembered, however often it is asked
        _ask("Lead")
        caplog.clear()
        assert _load(tmp_path, "Key__c") == "nothing"
        assert "Lead.Key__c is a textarea that Salesforce does not filter by; take Id, Email" in caplog.text
    levers(org).change_schema("Lead", change=[{"fullName": "Key__c", **TEXT}])
    _ask("Lead")
    caplog.clear()
    assert (_load(tmp_path, "Key__c"), caplog.text) == ("nothing", "")


def test_the_check_asks_anew_while_the_yaml_is_refused(
    tmp_path: Path, org: Details, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A field of another kind since is refused by the old words; `sf-elt check` loads all the same, and all is well."""
    levers(org).change_schema("Lead", add=[{"fullName": "Code__c", **LONG_TEXT}])
    _ask("Lead")
    levers(org).change_schema("Lead", change=[{"fullName": "Code__c", **TEXT}])
    assert "Lead.Code__c is a textarea" in _load(tmp_path, "Code__c")
    monkeypatch.setattr(deployment, "load_deployment", lambda: load_deployment(tmp_path / _module(tmp_path)))
    assert "export titles" in CliRunner().invoke(app, ["check", "salesforce"]).stdout
    assert _load(tmp_path, "Code__c") == "nothing"
    kept = (tmp_path / "warehouse" / "described" / "salesforce").iterdir()
    assert {each.stem for each in kept} >= {"lead", "user"}


def test_what_is_kept_is_little_and_for_its_owner_only(tmp_path: Path) -> None:
    """No value that a picklist offers, no help, no user name, and nobody else may read it."""
    _ask("Lead")
    folder = tmp_path / "warehouse" / "described" / "salesforce"
    [file] = folder.iterdir()
    assert (file.stat().st_mode & 0o777, folder.stat().st_mode & 0o777) == (0o600, 0o700)
    kept = json.loads(file.read_text("utf-8"))
    assert kept.keys() == {"whose", "asked_at", "described", "lost"}
    assert os.environ["SALESFORCE_USERNAME"] not in file.read_text("utf-8")
    assert all(each.keys() <= {"name", "type", "label", "length", "filterable", "createable", "updateable",
                               "externalId", "unique"} for each in kept["described"]["fields"])  # fmt: skip
    assert datetime.fromisoformat(kept["asked_at"]) <= datetime.now(UTC)


def test_where_nothing_can_be_kept_runs_go_on(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A folder that cannot be made is warned of, with its place; who asked gets the answer."""
    (tmp_path / "warehouse").mkdir()
    (tmp_path / "warehouse" / "described").touch()
    _ask("Lead")
    assert f"what the org says of Lead is not kept in {tmp_path}" in caplog.text
    assert kept_describes(open_warehouse().root, "SALESFORCE_", None).read("../lead") is None


def _ask(*objects: str) -> None:
    """Describes them, as any run does."""
    connection = OrgConnection()
    with connection.org(connection.meter(open_warehouse(), "sf:test", None)) as asked:
        for each in objects:
            assert describe(asked, each).fields


def _load(folder: Path, matcher: str, *, object_name: str = "Lead", by: str = "Email") -> str:
    """What is said of an export with that matcher, or "nothing"."""
    module = folder / _module(folder)
    for name, text in (
        ("connection", CONNECTION),
        ("exports", EXPORT.format(object=object_name, matchers=f"{matcher}: {{constant: b}}", by=by)),
    ):
        (module / "defs" / name).mkdir(parents=True, exist_ok=True)
        (module / "defs" / name / "defs.yaml").write_text(text, "utf-8")
    (folder / "pyproject.toml").write_text(PYPROJECT.format(module=module.name), "utf-8")
    for package in (module, module / "defs"):
        (package / "__init__.py").touch()
    try:
        with yaml_told_plainly(module / "defs"):
            dg.load_from_defs_folder(path_within_project=module)
    except Exception as error:
        return str(error)
    return "nothing"


def _module(folder: Path) -> str:
    return f"matchers_{abs(hash(str(folder)))}"
