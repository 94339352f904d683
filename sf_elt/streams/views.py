"""The documented views: `salesforce_leads.lead_email` and the rest, in schema main, over the stream tables.

A field that the org does not have, or a stream that was never imported, gives typed nulls, so a view never breaks.
"""

from collections.abc import Mapping

from duckdb import DuckDBPyConnection

from sf_elt.streams.source_names import OBJECTS, source_fields
from sf_elt.streams.statements import statement
from sf_elt.warehouse import quote, quote_table

VIEWS = tuple(OBJECTS)
CONTACT_ROLES = "salesforce_opportunity_contact_roles"
ACCOUNT_RELATIONS = "salesforce_account_contact_relations"
STREAMS_BEHIND_VIEWS = frozenset({*VIEWS, CONTACT_ROLES, ACCOUNT_RELATIONS})

# Columns that the views need beyond the documented names.
_ROW_COLUMNS = {
    "Id": "VARCHAR",
    "_changed_at": "TIMESTAMP",
    "_loaded_at": "TIMESTAMP",
    "_deleted_at": "TIMESTAMP",
}
_LINK_COLUMNS = {
    "salesforce_contacts": {"AccountId": "VARCHAR"},
    "salesforce_opportunities": {"ContactId": "VARCHAR"},
    CONTACT_ROLES: {"OpportunityId": "VARCHAR", "ContactId": "VARCHAR"},
    ACCOUNT_RELATIONS: {"AccountId": "VARCHAR", "ContactId": "VARCHAR"},
}


def refresh_views(connection: DuckDBPyConnection) -> None:
    """Makes the documented views anew, over the stream tables as they are now."""
    sources = {stream: _source(connection, stream) for stream in STREAMS_BEHIND_VIEWS}
    fields = {f"{view}_fields": _renamed(view) for view in VIEWS}
    connection.execute(statement("views.sql").format_map(sources | fields))


def _source(connection: DuckDBPyConnection, stream: str) -> str:
    """A subquery with every column that the views name, whatever the stream's table has of them."""
    standing = {
        str(name).lower()
        for (name,) in connection.execute(
            "SELECT column_name FROM duckdb_columns() WHERE database_name = current_database()"
            " AND schema_name = 'streams' AND table_name = ?",
            [stream],
        ).fetchall()
    }
    wanted = _wanted(stream)
    columns = ", ".join(
        quote(name) if name.lower() in standing else f"NULL::{sql_type} AS {quote(name)}"
        for name, sql_type in wanted.items()
    )
    having = f"FROM {quote_table('streams', stream)}" if standing else "LIMIT 0"
    return f"(SELECT {columns} {having})"


def _wanted(stream: str) -> Mapping[str, str]:
    documented = {field.salesforce_field: field.sql_type for field in source_fields() if field.stream == stream}
    return _ROW_COLUMNS | documented | _LINK_COLUMNS.get(stream, {})


def _renamed(view: str) -> str:
    return ",\n    ".join(
        f"record.{quote(field.salesforce_field)} AS {quote(field.source_field)}"
        for field in source_fields()
        if field.stream == view
    )
