"""The administrator's list in docs/connecting.md: what it grants is enough; without any of it `check` names the box.

The demo org knows no Marketing User, Access Activities or sharing: for these rows Salesforce's documentation is all.
"""

from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sf_elt.components.exports.salesforce_export import SalesforceExport
from sf_elt.components.preflight import preflight
from sf_elt.demo_org.serve import Details
from sf_elt.salesforce import Login, connect
from sf_elt.streams import StreamSpec, Window, import_window
from sf_elt.warehouse import JobMeter, Warehouse
from sf_elt.writeback import run_export
from sf_elt_tests.components.deployments import deployment_of, environment_of
from sf_elt_tests.orgs import client
from sf_elt_tests.restricted import restricted_login
from sf_elt_tests.shared_orgs import org, org_of_module
from sf_elt_tests.writeback.people import Lead, Person, fill

__all__ = ["org", "org_of_module"]

UPSERT = SalesforceExport(
    name="leads", connection="salesforce", object="Lead", operation="upsert", matchers={"Email": "email"},
    fields={"Title": "title"}, fields_on_create={"LastName": "name", "Company": "company"},
)  # fmt: skip
GONE = SalesforceExport(
    name="gone", connection="salesforce", object="Lead", operation="delete", match="salesforce_lead_ids",
    only_members=True, approve_above_deleted=1.0,
)  # fmt: skip
IMPORTED = {"object": "Lead", "fields": ["Email", "Title", "Phone"]}
PAGE = Path(__file__).parents[2].joinpath("docs", "connecting.md").read_text("utf-8")


@dataclass(frozen=True)
class Granted:
    """What a permission set gives; as it stands, what the page lists for importing, updating, creating and deleting."""

    on_leads: tuple[str, ...] = ("Read", "Create", "Edit", "Delete")
    on_contacts: tuple[str, ...] = ("Read",)
    of_contacts: tuple[str, ...] = ("Email",)
    read: tuple[str, ...] = ("Phone",)
    edited: tuple[str, ...] = ("Email", "Title")
    system: tuple[str, ...] = field(default=("ViewSetup",))

    def login(self, org: Details) -> Login:
        """A new user with it."""
        objects = {"Lead": self.on_leads, "Contact": self.on_contacts}
        return restricted_login(
            org, objects={name: rights for name, rights in objects.items() if rights}, permissions=self.system,
            fields={"Lead": self.read, "Contact": self.of_contacts}, edited={"Lead": self.edited},
        )  # fmt: skip


ALL = Granted()


def test_what_the_page_lists_is_enough(org: Details, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The check finds nothing missing, and an import, an update, a creation and a deletion are made by this user."""
    login, warehouse, now = ALL.login(org), Warehouse(tmp_path), datetime.now(UTC)
    assert _missing(login, warehouse, monkeypatch) == []
    [lead, gone] = client(org).query("SELECT Id, Email FROM Lead WHERE IsConverted = false LIMIT 2")["records"]
    meter = JobMeter(warehouse.calls(), "import:page", org.instance_url)
    with closing(connect(login, meter)) as connected:
        window = Window(datetime(1970, 1, 1, tzinfo=UTC), now)
        spec = StreamSpec("salesforce_leads", "Lead", fields=("Email", "Title", "Phone"))
        imported = import_window(connected, meter, warehouse, spec, window, now=now, run_id="page")
        assert imported.rows_read == client(org).query("SELECT COUNT() FROM Lead", include_deleted=True)["totalSize"]
        people = [
            Person("p1", values={"email": lead["Email"], "title": "CTO", "name": "Ng", "company": "Acme"}),
            Person("p2", values={"email": "new@example.com", "title": "CEO", "name": "Ng", "company": "Acme"}),
            Person("p3", [gone["Id"]], audiences=["Gone"]),
        ]
        fill(warehouse, people, [Lead(gone["Id"])])
        sent = run_export(connected, warehouse, UPSERT, now=now, run_id="page")
        assert (sent.by_operation, sent.failed) == ({"update": 1, "create": 1}, 0)
        sent = run_export(connected, warehouse, GONE, now=now, run_id="page")
        assert (sent.by_operation, sent.failed) == ({"delete": 1}, 0)


@pytest.mark.parametrize(
    ("lacking", "words_of_the_page", "box"),
    [
        (replace(ALL, on_leads=()), "Object Settings › the object: **Read**", "› Lead › Object Permissions: Read"),
        (replace(ALL, read=()), "Field Permissions: **Read**", "Field Permissions: Phone: Read Access"),
        (
            replace(ALL, edited=("Email",), read=("Phone", "Title")),
            "**Edit** on each field that is written", "Title: Edit Access",
        ),
        (replace(ALL, on_leads=("Read", "Create")), "**Edit** on the object", "Object Permissions: Edit"),
        (replace(ALL, on_leads=("Read", "Edit", "Delete")), "**Create** on the object", "Object Permissions: Create"),
        (replace(ALL, on_leads=("Read", "Create", "Edit")), "**Delete** on the object", "Object Permissions: Delete"),
        (replace(ALL, on_contacts=()), "**Read** on contacts", "› Contact › Object Permissions: Read"),
        (replace(ALL, of_contacts=()), "and on their Email", "› Contact › Field Permissions: Email: Read Access"),
    ],
    ids=["read", "read a field", "edit a field", "edit", "create", "delete", "contacts", "their addresses"],
)  # fmt: skip
def test_without_one_of_them_the_check_names_the_box(
    lacking: Granted, words_of_the_page: str, box: str, org: Details, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each right of the list that the demo org knows, taken away alone."""
    assert words_of_the_page in PAGE
    missing = _missing(lacking.login(org), Warehouse(tmp_path), monkeypatch)
    assert any(box in grant for grant in missing), missing


def _missing(login: Login, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    for name, value in environment_of(login).items():
        monkeypatch.setenv(name, value)
    found = preflight(deployment_of(IMPORTED, exports=(UPSERT, GONE)), "salesforce", warehouse)
    return [each.grant for each in found.findings if each.verdict == "missing"]
