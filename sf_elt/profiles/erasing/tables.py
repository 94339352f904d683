"""A person taken out of all tables that are no streams: of profiles, insight, exports and of what was set aside.

Every table is looked through, also one that came after this was written: a row in which any text names the person goes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb

from sf_elt.warehouse import quote, quote_table

SCHEMAS = ("profiles", "insight", "writeback", "ops")

IMPERSONAL = frozenset(
    {
        "ops.installed", "ops.windows", "ops.schema_changes", "ops.api_calls", "ops.reconciliations", "ops.refreshes",
        "ops.event_files", "ops.profile_builds", "ops.erased", "ops.erased_key", "ops.identifying_fields",
        "ops.erasures", "insight.audiences", "writeback.plans",
    }
)  # fmt: skip
"""Tables of what was done, in which no row is about a person."""

OF_OTHERS = frozenset({"profiles.profiles"})
"""Tables of which somebody else's row stays where it names the person, without what names them."""

OUTCOMES = "writeback.sync_log"
ANONYMOUS = "erased"
"""What stands for a profile's id in an outcome that stays: that a record was written, when, and how it ended."""

SHORT = 8
"""Characters of a text that is looked for as a whole only: within others it would be found by chance."""


@dataclass(frozen=True)
class NamedInTable:
    """How many rows of a table go, or lose who it was, and in how many cells of others the person is named."""

    name: str
    rows: int
    cells: Mapping[str, int]


def named_in_tables(connection: duckdb.DuckDBPyConnection, texts: Sequence[str]) -> list[NamedInTable]:
    """What of the tables names the person, whom these `texts` tell: identifiers, Ids, ids of the profile."""
    _look_for(connection, texts)
    found = []
    for name, columns in _tables(connection).items():
        table = quote_table(*name.split("."))
        own, cells = _conditions(name, columns)
        counted = ", ".join(
            [
                "count(*)",
                f"count(*) FILTER ({own})",
                *(f"count(*) FILTER (NOT {own} AND {names})" for names in cells.values()),
            ]
        )
        any_of_them = " OR ".join([own, *cells.values()])
        ((_, rows, *counts),) = connection.execute(f"SELECT {counted} FROM {table} WHERE {any_of_them}").fetchall()  # noqa: S608 - quoted
        of_cells = {column: count for column, count in zip(cells, counts, strict=True) if count}
        if rows or of_cells:
            found.append(NamedInTable(name, rows, of_cells))
    return found


def erase_from_tables(connection: duckdb.DuckDBPyConnection, texts: Sequence[str]) -> None:
    """Takes it out, in the caller's transaction."""
    _look_for(connection, texts)
    for name, columns in _tables(connection).items():
        table = quote_table(*name.split("."))
        own, cells = _conditions(name, columns)
        if name == OUTCOMES:
            connection.execute(
                f"UPDATE {table} SET profile_id = ?, record_id = NULL, message = NULL WHERE {own}",  # noqa: S608 - quoted
                [ANONYMOUS],
            )
        else:
            connection.execute(f"DELETE FROM {table} WHERE {own}")  # noqa: S608 - quoted
        for column, names in cells.items():
            connection.execute(f"UPDATE {table} SET {quote(column)} = NULL WHERE {names}")  # noqa: S608 - quoted


def _conditions(name: str, columns: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """The condition of rows that are the person's, and of cells of others that name them."""
    texts = {
        column: f"names_person({quote(column) if sql_type == 'VARCHAR' else f'CAST({quote(column)} AS VARCHAR)'})"
        for column, sql_type in columns.items()
    }
    if name in OF_OTHERS:
        return texts.pop("profile_id"), texts
    return "(" + " OR ".join(texts.values()) + ")", {}


def _look_for(connection: duckdb.DuckDBPyConnection, texts: Sequence[str]) -> None:
    """Addresses in any letter case, Ids and all else as they are."""
    lists = {
        "person_whole": [text.lower() for text in texts],
        "person_within": [text for text in texts if "@" not in text and len(text) >= SHORT],
        "person_addresses": [text.lower() for text in texts if "@" in text],
    }
    for variable, found in lists.items():
        connection.execute(f"SET VARIABLE {variable} = $found::VARCHAR[]", {"found": found})
    connection.execute(
        """
        CREATE OR REPLACE TEMP MACRO names_person(v) AS
            coalesce(
                list_contains(getvariable('person_whole'), lower(trim(v)))
                OR list_bool_or(list_transform(getvariable('person_within'), LAMBDA each: contains(v, each)))
                OR list_bool_or(list_transform(getvariable('person_addresses'), LAMBDA each: contains(lower(v), each))),
                false
            )
        """
    )


def _tables(connection: duckdb.DuckDBPyConnection) -> dict[str, dict[str, str]]:
    """`schema.table` → column → DuckDB type, of the columns that can hold a text."""
    found: dict[str, dict[str, str]] = {}
    rows = connection.execute(
        """
        SELECT schema_name || '.' || table_name, column_name, data_type
        FROM duckdb_columns()
        JOIN duckdb_tables() USING (database_name, schema_name, table_name)
        WHERE database_name = current_database() AND schema_name IN (SELECT unnest(?))
            AND (contains(data_type, 'VARCHAR') OR contains(data_type, 'JSON'))
        ORDER BY ALL
        """,
        [list(SCHEMAS)],
    ).fetchall()
    for name, column, sql_type in rows:
        if name not in IMPERSONAL:
            found.setdefault(name, {})[column] = sql_type
    return found
