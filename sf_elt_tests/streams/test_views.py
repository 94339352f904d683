"""The documented views: every name, typed, whatever the org has and whatever was imported."""

from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from sf_elt.demo_org.serve import Details
from sf_elt.streams import StreamSpec, refresh_views, source_fields
from sf_elt.streams.views import VIEWS
from sf_elt.warehouse import Warehouse
from sf_elt_tests.streams.support import CONTACTS, LEADS, importing

ACCOUNTS = StreamSpec("salesforce_accounts", "Account")
OPPORTUNITIES = StreamSpec("salesforce_opportunities", "Opportunity")
ROLES = StreamSpec("salesforce_opportunity_contact_roles", "OpportunityContactRole")


def _columns(connection: duckdb.DuckDBPyConnection, view: str) -> dict[str, str]:
    return dict(
        connection.execute(
            "SELECT column_name, data_type FROM duckdb_columns() WHERE schema_name = 'main' AND table_name = ?", [view]
        ).fetchall()
    )


@pytest.mark.parametrize("view", VIEWS)
def test_before_any_import_a_view_is_empty_and_typed(tmp_path: Path, view: str) -> None:
    """All documented names are there with their types, and no row."""
    with Warehouse(tmp_path / "warehouse").write() as connection:
        refresh_views(connection)
        columns = _columns(connection, view)
        assert connection.execute(f"SELECT count(*) FROM main.{view}").fetchall() == [(0,)]
    for field in source_fields():
        if field.stream == view:
            assert columns[field.source_field] == field.sql_type
    for name, sql_type in {"record_id": "VARCHAR", "modified_at": "TIMESTAMP", "deleted_at": "TIMESTAMP"}.items():
        assert columns[name] == sql_type


def test_a_documented_name_shows_the_fields_value(org: Details, tmp_path: Path) -> None:
    """Every documented lead field equals the stream's column, the related record type's name too."""
    with importing(org, tmp_path) as importer:
        importer.run(LEADS)
        for field in source_fields():
            if field.stream != "salesforce_leads":
                continue
            assert importer.sql(
                f"SELECT count(*) FROM streams.salesforce_leads AS stream JOIN salesforce_leads AS view "
                f'ON view.record_id = stream."Id" '
                f'WHERE view.{field.source_field} IS DISTINCT FROM stream."{field.salesforce_field}"'
            ) == [(0,)]
        ((rows, imported_at),) = importer.sql("SELECT count(*), max(imported_at) FROM salesforce_leads")
        assert rows == importer.sql("SELECT count(*) FROM streams.salesforce_leads")[0][0]
        assert isinstance(imported_at, datetime)


def test_a_field_that_the_org_lacks_is_a_typed_null(org: Details, tmp_path: Path) -> None:
    """Left out of the stream, it is still in the view; once it is read, its values are."""
    lean = StreamSpec(LEADS.stream, "Lead", exclude_fields=("NumberOfEmployees",))
    with importing(org, tmp_path) as importer:
        importer.run(lean)
        assert importer.sql("SELECT count(lead_number_of_employees) FROM salesforce_leads") == [(0,)]
        with importer.warehouse.read() as connection:
            assert _columns(connection, "salesforce_leads")["lead_number_of_employees"] == "BIGINT"
        importer.run(LEADS)
        assert importer.sql("SELECT count(lead_number_of_employees) > 0 FROM salesforce_leads") == [(True,)]


def test_accounts_and_opportunities_have_a_row_for_each_contact(org: Details, tmp_path: Path) -> None:
    """An account's living contacts, an opportunity's roles; a record without contacts still has its row."""
    with importing(org, tmp_path) as importer:
        for spec in (ACCOUNTS, OPPORTUNITIES):
            importer.run(spec)
        assert importer.sql("SELECT count(*), count(account_contact_id) FROM salesforce_accounts")[0][1] == 0
        for spec in (CONTACTS, ROLES):
            importer.run(spec)
        assert (
            importer.sql(
                "SELECT record_id, account_contact_id FROM salesforce_accounts WHERE account_contact_id IS NOT NULL"
                ' EXCEPT SELECT "AccountId", "Id" FROM streams.salesforce_contacts WHERE _deleted_at IS NULL'
            )
            == []
        )
        assert (
            importer.sql(
                'SELECT "OpportunityId", "ContactId" FROM streams.salesforce_opportunity_contact_roles'
                " WHERE _deleted_at IS NULL"
                " EXCEPT SELECT record_id, opportunity_contact_id FROM salesforce_opportunities"
            )
            == []
        )
        for view, stream in (("salesforce_accounts", ACCOUNTS), ("salesforce_opportunities", OPPORTUNITIES)):
            assert importer.sql(f'SELECT "Id" FROM streams.{stream.stream} EXCEPT SELECT record_id FROM {view}') == []


def test_merged_and_converted_records_keep_their_links(shared_org: Details, tmp_path: Path) -> None:
    """The loser of a merge is deleted and names its master; a converted lead names its contact and account."""
    with importing(shared_org, tmp_path) as importer:
        importer.run(LEADS)
        importer.run(CONTACTS)
        for view in ("salesforce_leads", "salesforce_contacts"):
            assert importer.sql(
                f"SELECT count(*) > 0, bool_and(deleted_at IS NOT NULL) FROM {view} WHERE master_record_id IS NOT NULL"
            ) == [(True, True)]
        assert importer.sql(
            "SELECT count(*) > 0 FROM salesforce_leads AS lead JOIN salesforce_contacts AS contact"
            " ON contact.record_id = lead.lead_converted_contact_id WHERE lead.lead_is_converted"
        ) == [(True,)]
