"""A person taken out of all tables that are no streams: of profiles, insight, exports, and any that somebody has made.

Every table is looked through, also one that came after this was written: a row in which any text names the person goes.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb

from sf_elt.profiles.sql import statement
from sf_elt.streams.keeping_out import OWN_ID, mentions_erased
from sf_elt.warehouse import quote, quote_table, quote_text
from sf_elt.warehouse.erased import Erased

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
"""What stands for whom an outcome that stays was about: that a record was written, when, and how it ended."""

UNREADABLE = "ops.set_aside"
PAIRS = {"value": "kind", "other_value": "other_kind"}
"""Column of an identifier's value → of its kind, in the tables that have both."""

RECORDS = ("record_id", "other_record_id")

LONG = 8
"""Characters from which on an identifier that is no address and no Id is looked for in texts of any kind."""


@dataclass(frozen=True)
class Sought:
    """What names a person where no column says what its texts are.

    `names` are addresses, Ids of records by their first 15 characters, and ids of the profile; `records` are Ids of
    their rows that are shorter; `identifiers` are all others, as (kind, value). `erased` is what the connection tells
    apart.
    """

    names: Sequence[str]
    records: Sequence[str]
    identifiers: Sequence[tuple[str, str]]
    erased: Erased

    def set_up(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Makes the macros that `conditions` uses, on the connection."""
        values = [value for _, value in self.identifiers if len(value) >= LONG]
        addresses = [name for name in self.names if "@" in name]
        who = [_found(_ANYWHERE, [name for name in self.names if "@" not in name]), _found(_ADDRESS, addresses)]
        connection.execute(
            statement("named_in_tables", who=" OR ".join(who), other=_found(_WORD, values)),
        )
        lists = {
            "person_records": self.records,
            "person_identifiers": [f"{kind}:{value}" for kind, value in self.identifiers],
        }
        for variable, found in lists.items():
            connection.execute(f"SET VARIABLE {variable} = $found::VARCHAR[]", {"found": found})

    @property
    def names_line(self) -> str:
        """The condition that lines set aside fulfil which name the person, as an event of their stream would."""
        line = "concat_ws(' ', reason, content)"
        said = [
            f"(stream = {quote_text(stream)} AND {mentions_erased(stream, line, self.erased)})"
            for stream in sorted(self.erased.values)
        ]
        return "(" + " OR ".join([f"names_person({line})", f"names_erased({line})", *said]) + ")"

    def conditions(self, name: str, columns: Mapping[str, str]) -> tuple[str, dict[str, str]]:
        """For the table: the condition of rows that are the person's, and of each column's cells that name them."""
        if name == UNREADABLE:
            return self.names_line, {}
        texts = {column: _names(column, sql_type, columns) for column, sql_type in columns.items()}
        if name in OF_OTHERS:
            return texts.pop("profile_id"), texts
        return "(" + " OR ".join(texts.values()) + ")", {}


_ANYWHERE = "{}"
_WORD = "(?:^|[^0-9A-Za-z]){}(?:$|[^0-9A-Za-z])"
_ADDRESS = r"(?i)(?:^|[^0-9a-z._%+-]|\\[bfnrt])[_.]*{}(?:$|[^0-9a-z.-]|[.-](?:$|[^0-9a-z]))"
"""Patterns of RE2. An address is no part of a longer one; in JSON a letter may stand before it: `\\nann@x.org`."""

MOST = 500
"""Texts that one pattern looks for."""


def _found(pattern: str, texts: Sequence[str]) -> str:
    """SQL for whether `v` has one of the texts in it, as the pattern says."""
    parts = [texts[start : start + MOST] for start in range(0, len(texts), MOST)]
    patterns = [pattern.format(f"(?:{'|'.join(map(re.escape, part))})") for part in parts]
    return "(" + " OR ".join(["false", *(f"regexp_matches(v, {quote_text(each)})" for each in patterns)]) + ")"


@dataclass(frozen=True)
class NamedInTable:
    """How many rows of a table go, or lose who it was, and in how many cells of others the person is named."""

    name: str
    rows: int
    cells: Mapping[str, int]


def named_in_tables(connection: duckdb.DuckDBPyConnection, sought: Sought) -> list[NamedInTable]:
    """What of the tables names the person. The connection is set up for whom is sought."""
    found = []
    for name, columns in _tables(connection).items():
        table = quote_table(*name.split(".", 1))
        own, cells = sought.conditions(name, columns)
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


def erase_from_tables(connection: duckdb.DuckDBPyConnection, sought: Sought) -> None:
    """Takes it out, in the caller's transaction. The connection is set up for whom is sought."""
    for name, columns in _tables(connection).items():
        table = quote_table(*name.split(".", 1))
        own, cells = sought.conditions(name, columns)
        if name == OUTCOMES:
            connection.execute(
                f"UPDATE {table} SET profile_id = $nobody, subject_id = $nobody, record_id = NULL, message = NULL "  # noqa: S608
                f"WHERE {own}",
                {"nobody": ANONYMOUS},
            )
        else:
            connection.execute(f"DELETE FROM {table} WHERE {own}")  # noqa: S608 - quoted
        for column, names in cells.items():
            connection.execute(f"UPDATE {table} SET {quote(column)} = NULL WHERE {names}")  # noqa: S608 - quoted


def _names(column: str, sql_type: str, columns: Mapping[str, str]) -> str:
    kind = PAIRS.get(column)
    if kind is not None and kind in columns:
        return f"names_identifier({quote(kind)}, {quote(column)})"
    if column in RECORDS:
        return f"names_record({quote(column)})"
    return f"names_person({quote(column) if sql_type == 'VARCHAR' else f'CAST({quote(column)} AS VARCHAR)'})"


def _tables(connection: duckdb.DuckDBPyConnection) -> dict[str, dict[str, str]]:
    """`schema.table` → column → DuckDB type, of the columns that can hold a text; streams are not among them."""
    found: dict[str, dict[str, str]] = {}
    rows = connection.execute(
        """
        SELECT schema_name || '.' || table_name, column_name, data_type
        FROM duckdb_columns()
        JOIN duckdb_tables() USING (database_name, schema_name, table_name)
        WHERE database_name = current_database()
            AND (contains(data_type, 'VARCHAR') OR contains(data_type, 'JSON'))
            AND (schema_name, table_name) NOT IN (
                SELECT (schema_name, table_name) FROM duckdb_columns()
                WHERE schema_name = 'streams' AND column_name IN (SELECT unnest(?)) AND data_type = 'VARCHAR'
            )
        ORDER BY ALL
        """,
        [list(OWN_ID)],
    ).fetchall()
    for name, column, sql_type in rows:
        if name not in IMPERSONAL:
            found.setdefault(name, {})[column] = sql_type
    return found
