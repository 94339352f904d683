"""The documented views: `salesforce_leads.lead_email` and the rest, in schema main, over the stream tables.

A field that the org does not have, or a stream that was never imported, gives typed nulls, so a view never breaks.
"""

from collections.abc import Mapping, Sequence
from functools import cache

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


@cache
def documented_columns() -> Mapping[str, Mapping[str, str]]:
    """View → column → DuckDB type, as far as it is documented: the org may have other fields besides."""
    contacts = {
        "salesforce_accounts": {"account_contact_id": "VARCHAR"},
        "salesforce_opportunities": {"opportunity_contact_id": "VARCHAR"},
    }
    return {
        view: {field.source_field: field.sql_type for field in source_fields() if field.stream == view}
        | {"record_id": "VARCHAR", "modified_at": "TIMESTAMP", "imported_at": "TIMESTAMP", "deleted_at": "TIMESTAMP"}
        | contacts.get(view, {})
        for view in VIEWS
    }


def refresh_views(connection: DuckDBPyConnection) -> None:
    """Makes the documented views anew, over the stream tables as they are now."""
    standing = {stream: _standing(connection, stream) for stream in STREAMS_BEHIND_VIEWS}
    sources = {stream: _source(stream, columns) for stream, columns in standing.items()}
    fields = {f"{view}_fields": _renamed(view, standing[view]) for view in VIEWS}
    connection.execute(statement("views.sql").format_map(sources | fields))


def _standing(connection: DuckDBPyConnection, stream: str) -> list[str]:
    """The columns of the stream's table, in their order; none where it was never imported."""
    found = connection.execute(
        "SELECT column_name FROM duckdb_columns() WHERE database_name = current_database()"
        " AND schema_name = 'streams' AND table_name = ? ORDER BY column_index",
        [stream],
    )
    return [str(name) for (name,) in found.fetchall()]


def _source(stream: str, standing: Sequence[str]) -> str:
    """A subquery with every column that the views name, whatever the stream's table has of them, and its others."""
    folded = {name.lower() for name in standing}
    wanted = _wanted(stream)
    columns = ", ".join(
        [
            *(
                quote(name) if name.lower() in folded else f"NULL::{sql_type} AS {quote(name)}"
                for name, sql_type in wanted.items()
            ),
            *map(quote, _others(stream, standing)),
        ]
    )
    having = f"FROM {quote_table('streams', stream)}" if standing else "LIMIT 0"
    return f"(SELECT {columns} {having})"


def _wanted(stream: str) -> Mapping[str, str]:
    documented = {field.salesforce_field: field.sql_type for field in source_fields() if field.stream == stream}
    return _ROW_COLUMNS | documented | _LINK_COLUMNS.get(stream, {})


def _others(view: str, standing: Sequence[str]) -> list[str]:
    """The columns of the stream that have no documented name: additional and custom fields, by their API names."""
    taken = {name.lower() for name in (*_wanted(view), *documented_columns().get(view, {}))}
    return [name for name in standing if name.lower() not in taken and not name.startswith("_")]


def _renamed(view: str, standing: Sequence[str]) -> str:
    documented = [
        f"record.{quote(field.salesforce_field)} AS {quote(field.source_field)}"
        for field in source_fields()
        if field.stream == view
    ]
    others = [f"record.{quote(name)}" for name in (*_LINK_COLUMNS.get(view, {}), *_others(view, standing))]
    return ",\n    ".join([*documented, *others])
