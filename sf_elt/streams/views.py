"""The documented views: `salesforce_leads.lead_email` and the rest, in schema main, over the stream tables.

A field that the org does not have, or a stream that was never imported, gives typed nulls, so a view never breaks.
"""

from collections.abc import Mapping, Sequence
from functools import cache

from duckdb import DuckDBPyConnection

from sf_elt.streams.source_names import source_fields
from sf_elt.streams.statements import statement
from sf_elt.warehouse import comment_on_columns, quote, quote_table, quote_text

VIEWS = {
    "salesforce_leads": "One row for each lead.",
    "salesforce_contacts": "One row for each contact.",
    "salesforce_accounts": "One row for each account and each of its contacts; one without contacts has one row.",
    "salesforce_opportunities": "One row for each opportunity and each of its contacts: the primary one and those with "
    "a role; one without contacts has one row.",
}
"""The documented views, and what a row of each is."""

OF_EVERY_VIEW = {
    "record_id": "Id of the record",
    "modified_at": "When somebody last changed the record, our own exports and mere saves left out (UTC)",
    "imported_at": "When the read that brought this version began (UTC)",
    "deleted_at": "When the org deleted the record (UTC); null while it lives",
    "account_contact_id": "Id of one of its contacts; null where it has none",
    "opportunity_contact_id": "Id of one of its contacts; null where it has none",
    "AccountId": "Id of its account",
    "ContactId": "Id of its primary contact",
}
"""What the views' own columns hold, those that have it."""

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
    for view, holds in VIEWS.items():
        connection.execute(f"COMMENT ON VIEW {quote_table('main', view)} IS {quote_text(holds)}")
        comment_on_columns(connection, "main", view, _of_stream(connection, view) | comments_of_view(view))


def comments_of_view(view: str) -> dict[str, str]:
    """Column of the view → what it holds, as far as it is documented."""
    named = {field.source_field: field.comment for field in source_fields() if field.stream == view}
    columns = {*documented_columns()[view], *_LINK_COLUMNS.get(view, {})}
    return {name: holds for name, holds in OF_EVERY_VIEW.items() if name in columns} | named


def _of_stream(connection: DuckDBPyConnection, view: str) -> dict[str, str]:
    """What the org itself calls the fields that have no documented name."""
    standing = connection.execute(
        "SELECT column_name, comment FROM duckdb_columns() WHERE database_name = current_database()"
        " AND schema_name = 'streams' AND table_name = ? AND comment IS NOT NULL",
        [view],
    ).fetchall()
    others = set(_others(view, [name for name, _ in standing]))
    return {str(name): str(comment) for name, comment in standing if name in others}


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
