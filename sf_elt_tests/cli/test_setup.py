"""`sf-elt setup`, for this project's own exports and for others."""

import json
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from sf_elt.cli import app
from sf_elt.components import deployment
from sf_elt.components.exports.salesforce_export import SalesforceExport
from sf_elt.components.setup import Asked, NothingWanted, wanted_of
from sf_elt.demo_org.serve import Details
from sf_elt.writeback.targets import LONGEST_SCORES
from sf_elt_tests.components.deployments import deployment_of, environment_of
from sf_elt_tests.orgs import levers
from sf_elt_tests.pages import blocks
from sf_elt_tests.restricted import restricted_login
from sf_elt_tests.shared_orgs import org, org_of_module

__all__ = ["org", "org_of_module"]

LEADS = SalesforceExport(
    name="leads", connection="salesforce", object="Lead", match="salesforce_lead_ids", audiences=("Warm", "New"),
    audiences_field="Audiences__c", scores_field="Description",
    fields={"Topics__c": "top_topics", "Seen__c": "web_last_seen"},
)  # fmt: skip
PARTNERS = LEADS.model_copy(update={"name": "partners", "audiences": ()})
CONTACTS = SalesforceExport(
    name="contacts", connection="salesforce", object="Contact", operation="upsert", matchers={"Key__c": "email"},
    external_id="Key__c", scores_field="Scores__c", affinity_field="Interests__c",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _environment(org: Details, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    variables = environment_of(org) | {"SF_ELT_DATA": str(tmp_path / "warehouse"), "COLUMNS": "160"}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)


@pytest.mark.soak
def test_what_the_check_misses_is_made_and_the_check_passes(org: Details) -> None:
    """The check names this command; after it the project's own exports may write, and nothing is left to make."""
    for object_name in ("Lead", "Contact"):
        levers(org).change_schema(object_name, drop=["Audiences__c", "Scores__c", "Content_Affinity__c"])
    missing = _run("check")
    assert missing.exit_code == 1
    assert "`sf-elt setup` makes the fields for audiences, scores and topics" in " ".join(missing.stdout.split())
    made = _run("setup", "salesforce", "--apply", "--json")
    found = json.loads(made.stdout)
    assert (made.exit_code, found["applied"], found["to_make"]) == (0, True, 0)
    assert found["made"] == 6 + 1 + 6 + 1 + 6
    assert _run("check").exit_code == 0
    assert _run("setup", "--apply").stdout.endswith("Nothing is to make.\n")


def test_an_administrator_sets_up_for_the_user_of_the_connection(org: Details, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another login by a prefix of its own, at the connection's address; edit goes to who exports log in as."""
    export = LEADS.model_copy(update={"audiences_field": "Groups__c", "fields": {}})
    monkeypatch.setattr(deployment, "load_deployment", lambda: deployment_of({"object": "Lead"}, exports=(export,)))
    integration = restricted_login(org, objects=["Lead"])
    for name, value in environment_of(integration).items():
        monkeypatch.setenv(name, value)
    for name in ("USERNAME", "PASSWORD", "SECURITY_TOKEN"):
        monkeypatch.setenv(f"ADMIN_{name}", environment_of(org)[f"SALESFORCE_{name}"])
    monkeypatch.delenv("ADMIN_LOGIN_URL", raising=False)
    lacking = _run("setup", "--apply")
    assert lacking.exit_code == 1
    assert "grant System Permissions: Customize Application" in lacking.stdout
    assert _run("setup", "--apply", "--admin", "ADMIN_").exit_code == 0
    monkeypatch.delenv("ADMIN_LOGIN_URL")
    found = json.loads(_run("setup", "--admin", "ADMIN_", "--json").stdout)
    [assigned] = [each for each in found["items"] if each["what"] == "assignment"]
    assert (assigned["subject"], assigned["verdict"]) == (integration.username, "stands")


def test_the_commands_of_the_page_run() -> None:
    """Every line of the shell block of docs/setup.md ends well."""
    text = "".join(block.text for block in blocks("sh") if block.page.name == "setup.md")
    commands = [shlex.split(line, comments=True) for line in text.splitlines()]
    assert len(commands) == 3
    for program, *arguments in commands:
        result = _run(*arguments)
        assert (program, result.exit_code) == (".venv/bin/sf-elt", 0), result.output


def test_the_exports_say_what_is_wanted_and_how_long_it_can_be() -> None:
    """Custom fields of audiences, scores and topics, each once with all that write it; no other field."""
    known = _deployment(LEADS, PARTNERS, CONTACTS)
    wanted = wanted_of(known, "salesforce", Asked(external_id="Sf_Id__c"))
    assert {each.full_name: (each.purpose, each.least, each.written_by) for each in wanted.fields} == {
        "Lead.Audiences__c": ("audiences", len("Warm, New, Long gone"), ("leads", "partners")),
        "Lead.Topics__c": ("affinity", 604, ("leads", "partners")),
        "Contact.Scores__c": ("scores", len(LONGEST_SCORES), ("contacts",)),
        "Contact.Interests__c": ("affinity", 604, ("contacts",)),
        "Contact.Key__c": ("external id", 0, ("contacts",)),
        "Lead.Sf_Id__c": ("external id", 0, ()),
        "Contact.Sf_Id__c": ("external id", 0, ()),
    }
    assert wanted_of(known, "salesforce", Asked(objects=("lead",), fields=("topics__c",))).full_names == (
        "Lead.Topics__c",
    )
    on_account = wanted_of(known, "salesforce", Asked(objects=("Account",), external_id="Sf_Id__c"))
    assert on_account.full_names == ("Account.Sf_Id__c",)


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (Asked(objects=("Leed",)), "there is no object that exports write 'Leed'; did you mean 'Lead'?"),
        (Asked(fields=("Seen__c",)), "there is no field that exports fill 'Seen__c'"),
        (Asked(external_id="Sf Id"), "'Sf Id' cannot be the name of a custom field; Sf_Elt_Id__c can"),
    ],
)
def test_what_no_export_needs_is_refused_with_what_there_is(asked: Asked, why: str) -> None:
    """Before anything is asked of the org."""
    with pytest.raises(NothingWanted, match=why.replace("?", r"\?")):
        wanted_of(_deployment(LEADS), "salesforce", asked)


def _deployment(*exports: SalesforceExport) -> deployment.Deployment:
    found = deployment_of({"object": "Lead"}, exports=exports)
    return deployment.Deployment(found.connections, found.imports, found.exports, ("Warm", "New", "Long gone"))


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))
