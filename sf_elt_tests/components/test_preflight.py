"""What a preflight finds, of real orgs in all conditions."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sf_elt.components.deployment import Deployment
from sf_elt.components.exports.salesforce_export import SalesforceExport
from sf_elt.components.preflight import Finding, Preflight, preflight
from sf_elt.demo_org.serve import Details
from sf_elt.salesforce import Login
from sf_elt.warehouse import Warehouse
from sf_elt_tests.components.deployments import deployment_of, environment_of
from sf_elt_tests.orgs import levers
from sf_elt_tests.restricted import LABEL, restricted_login
from sf_elt_tests.shared_orgs import org, org_of_module

__all__ = ["org", "org_of_module"]

LEADS = {"object": "Lead", "additional_fields": ["Owner.Name"]}


@pytest.fixture(autouse=True)
def _as_it_was(org: Details) -> Iterator[None]:
    yield
    levers(org).set_permission("Lead", "Score__c", access="granted")
    levers(org).let_clock_differ(0)


@pytest.fixture
def checked(org: Details, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "_Checked":
    return _Checked(org, Warehouse(tmp_path), monkeypatch)


class _Checked:
    """Runs a preflight with the org's own integration user, or another login."""

    def __init__(self, org: Details, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
        self._org, self._warehouse, self._monkeypatch = org, warehouse, monkeypatch

    def __call__(self, deployment: Deployment, login: Login | None = None, **variables: str) -> Preflight:
        for name, value in (environment_of(login or self._org) | variables).items():
            self._monkeypatch.setenv(name, value)
        return preflight(deployment, "salesforce", self._warehouse)


def test_all_is_well_in_five_calls(checked: _Checked, org: Details) -> None:
    """Everything is ok for an administrator; the calls that it says are those that the org saw."""
    levers(org).calls.clear()
    found = checked(deployment_of(LEADS, {"object": "Contact"}))
    assert {each.verdict for each in found.findings} == {"ok"}
    assert {each.test for each in found.findings} >= {"login", "API version", "clock", "API calls", "bulk query jobs"}
    assert found.passed
    assert found.api_calls == len(levers(org).calls.all()) <= 6


def test_every_missing_field_is_named_at_once(checked: _Checked, org: Details) -> None:
    """A hidden field, one that never was and a parent's are three rows, not one a run; the nearest name is offered."""
    levers(org).set_permission("Lead", "Score__c", access="none")
    wanted = {"object": "Lead", "fields": ["Score__c", "Emial"], "additional_fields": ["Owner.Nope"]}
    missing = _missing(checked(deployment_of(wanted)))
    assert [each.says for each in missing] == [
        "The integration user cannot read Lead.Score__c (did you mean Scores__c?)",
        "The org has no Lead.Emial (did you mean Email?)",
        "The org has no User.Nope",
    ]
    assert "Object Settings › Lead › Field Permissions: Score__c: Read Access" in missing[0].grant


def test_an_ordinary_user_lacks_what_its_set_lacks(checked: _Checked, org: Details) -> None:
    """Without Read on an object the import of it is missing; nothing is claimed of what the user may not know."""
    login = restricted_login(org, objects=["Lead"], fields={"Lead": ["Email"]})
    found = checked(deployment_of({"object": "Lead"}, {"object": "Contact"}), login)
    assert [(each.subject, each.says) for each in _missing(found)] == [
        ("salesforce_contacts", "Contact does not exist, or is hidden from the integration user")
    ]
    assert {each.test for each in found.findings if each.verdict == "warning"} == {"permissions"}


def test_hidden_fields_and_sharing_are_told_where_the_user_may_know(checked: _Checked, org: Details) -> None:
    """A default set leaves hidden fields out without a word: here they are named, and records that sharing keeps."""
    login = restricted_login(org, objects=["Lead"], fields={"Lead": ["Email"]}, permissions=["ViewSetup"])
    found = checked(deployment_of({"object": "Lead"}), login)
    assert found.passed
    warned = {each.test: each for each in found.findings if each.verdict == "warning"}
    assert warned.keys() == {"fields", "sharing"}
    assert "Audiences__c" in warned["fields"].says
    assert warned["sharing"].grant == (
        f"Setup › Permission Sets › {LABEL} › Object Settings › Lead › Object Permissions: View All"
    )


def test_a_timestamp_that_cannot_cut_windows_is_missing(checked: _Checked) -> None:
    """A field of another type comes with those that would do."""
    [missing] = _missing(checked(deployment_of({"object": "Lead", "timestamp_field": "Email"})))
    assert "timestamp_field Email does not work: it is of type email" in missing.says
    assert "SystemModstamp" in missing.says


def test_a_timestamp_that_may_be_empty_is_a_warning(checked: _Checked) -> None:
    """Records without it are in no window: that is said, with what is always filled."""
    found = checked(deployment_of({"object": "Lead", "timestamp_field": "EmailBouncedDate"}))
    [warned] = [each for each in found.findings if each.test == "timestamp"]
    assert (warned.verdict, "in which it is empty are not read" in warned.says) == ("warning", True)
    assert "SystemModstamp" in warned.grant


def test_exports_need_edit(checked: _Checked, org: Details) -> None:
    """A field that may only be read, one that is a formula and one that is not there keep an export from writing."""
    levers(org).set_permission("Lead", "Score__c", access="read")
    export = SalesforceExport(
        name="leads", connection="salesforce", object="Lead", match="salesforce_lead_ids",
        fields={"Score__c": "score", "Name": "name", "Nope__c": "nope"},
    )  # fmt: skip
    missing = _missing(checked(deployment_of(LEADS, exports=(export,))))
    assert [each.subject for each in missing] == ["export leads"] * 3
    assert "Score__c: Edit Access" in missing[0].grant
    assert missing[2].grant.startswith("Create the field Nope__c")


def test_exports_that_create_need_more(checked: _Checked) -> None:
    """What new records cannot be without, what Salesforce does not filter by, and an external id that is none."""
    export = SalesforceExport(
        name="leads", connection="salesforce", object="Lead", operation="upsert", matchers={"Description": "title"},
        fields={"Title": "title"},
    )  # fmt: skip
    other = export.model_copy(
        update={"name": "other", "matchers": {"Email": "email"}, "external_id": "Email", "fields": {"LastName": "name"}}
    )
    missing = _missing(checked(deployment_of(LEADS, exports=(export, other))))
    assert [(each.subject, each.test) for each in missing] == [
        ("export leads", "matchers"),
        ("export leads", "fields"),
        ("export other", "matchers"),
        ("export other", "fields"),
    ]
    assert "does not filter by" in missing[0].says
    assert missing[1].says == "a new Lead needs LastName, Company"
    assert "sf-elt setup --external-id Email" in missing[2].grant


@pytest.mark.parametrize(
    ("variables", "test", "advice"),
    [
        ({"SALESFORCE_PASSWORD": "wrong"}, "login", "Login History"),
        ({"SALESFORCE_PASSWORD": ""}, "login", "docs/connecting.md"),
        ({"SALESFORCE_LOGIN_URL": "nowhere"}, "login", "docs/connecting.md"),
        ({"SALESFORCE_API_VERSION": "99.0"}, "login", "Leave SALESFORCE_API_VERSION out"),
    ],
)
def test_a_login_that_fails_is_a_finding(
    checked: _Checked, org: Details, variables: dict[str, str], test: str, advice: str
) -> None:
    """What keeps everything else from being tested is one row with its cure, and no secret is in it."""
    found = checked(deployment_of(LEADS), **variables)
    [missing] = _missing(found)
    assert missing.test == test
    assert advice in missing.grant
    assert org.password not in found.markdown()


def test_a_login_by_a_version_that_is_not_offered_doubts_no_password(checked: _Checked, org: Details) -> None:
    """SOAP login() refuses the version before it looks at anything else; the error names the one that was asked for."""
    [missing] = _missing(checked(deployment_of(LEADS), SALESFORCE_API_VERSION="99.0"))
    assert "The version asked for is 99.0." in missing.says
    assert "password" not in missing.says


def test_a_version_that_is_not_offered_ends_the_tests(checked: _Checked, org: Details) -> None:
    """Where the login does not need the version, the newest that there is is named, and nothing else is asked."""
    session = {"SALESFORCE_INSTANCE_URL": org.instance_url, "SALESFORCE_ACCESS_TOKEN": org.access_token}
    found = checked(deployment_of(LEADS), SALESFORCE_API_VERSION="99.0", **session)
    assert [(each.test, each.grant) for each in _missing(found)] == [("API version", "Set API_VERSION to 68.0.")]
    assert found.api_calls == 1


def test_a_user_who_may_not_know_the_limits_is_tested_all_the_same(checked: _Checked, org: Details) -> None:
    """The calls that are left come with every reply; what to grant for the others is said, and the tests go on."""
    refused = {"refuse": {"status": 403, "code": "INSUFFICIENT_ACCESS", "message": "insufficient access"}}
    levers(org).faults.plan({"path": "/limits$", "times": None, **refused})
    found = checked(deployment_of(LEADS))
    by_test = {each.test: each for each in found.findings}
    assert found.passed
    assert by_test["limits"].grant == "System Permissions: View Setup and Configuration."
    assert " of 100,000 are left" in by_test["API calls"].says
    assert {"object", "fields", "sharing"} <= by_test.keys()
    assert "bulk query jobs" not in by_test


def test_a_user_without_the_api_is_told_which_permission(checked: _Checked, org: Details) -> None:
    """API_DISABLED_FOR_ORG becomes API Enabled."""
    refuse = {"status": 403, "code": "API_DISABLED_FOR_ORG", "message": "The REST API is not enabled."}
    levers(org).faults.plan({"path": "/limits", "refuse": refuse})
    [missing] = _missing(checked(deployment_of(LEADS)))
    assert "System Permissions › API Enabled" in missing.grant


def test_an_old_version_and_a_wrong_clock_are_warnings(checked: _Checked, org: Details) -> None:
    """Both work, and both are said."""
    levers(org).let_clock_differ(600)
    found = checked(deployment_of(LEADS), SALESFORCE_API_VERSION="55.0")
    assert found.passed
    assert {each.test for each in found.findings if each.verdict == "warning"} == {"API version", "clock"}


def test_maxima_beyond_the_orgs_own_are_a_warning(checked: _Checked, org: Details) -> None:
    """What imports may make with what is reserved is more than the org gives: the sum that fits is named."""
    levers(org).limit(500)
    found = checked(deployment_of(LEADS, max_daily_api_calls=5_000))
    [warned] = [each for each in found.findings if each.test == "API calls"]
    assert (warned.verdict, warned.grant) == ("warning", "Lower max_daily_api_calls, together to 490.")


def test_a_warehouse_that_cannot_be_written_is_missing(checked: _Checked, tmp_path: Path) -> None:
    """A file where the folder should be is found before an import finds it."""
    (tmp_path / "warehouse.duckdb").mkdir()
    missing = _missing(checked(deployment_of(LEADS)))
    assert ("warehouse", "writable") in {(each.subject, each.test) for each in missing}


def test_a_folder_that_cannot_be_made_leaves_the_org_alone(
    org: Details, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where calls cannot be counted, none is made."""
    (tmp_path / "file").write_text("not a folder")
    checked = _Checked(org, Warehouse(tmp_path / "file" / "warehouse"), monkeypatch)
    levers(org).calls.clear()
    assert {each.test for each in _missing(checked(deployment_of(LEADS)))} == {"writable", "connection"}
    assert levers(org).calls.all() == []


def _missing(found: Preflight) -> list[Finding]:
    return [each for each in found.findings if each.verdict == "missing"]


def test_what_the_org_says_is_text_in_the_table() -> None:
    """Its words open no picture, link or HTML in the UI, and end no cell."""
    said = "![x](http://x.example/a.png) <b>\\| [y]\nz"
    found = Preflight("salesforce", (Finding("Lead", "read", "problem", said),), 0)
    assert r"| !\[x\](http://x.example/a.png) \<b\>\\\| \[y\] z |" in found.markdown()
