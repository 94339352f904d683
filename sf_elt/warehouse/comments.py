"""What tables, views and columns hold, as comments that DuckDB keeps: `describe`, DBeaver and BI tools show them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import duckdb

from sf_elt.warehouse.names import quote, quote_table, quote_text

_TABLE = re.compile(r"CREATE TABLE IF NOT EXISTS (\w+)\.(\w+) (.*)")
_COLUMN = re.compile(r"    (\w+) [^-]*-- (.+)")
_ADDED = re.compile(r"ALTER TABLE (\w+)\.(\w+) ADD COLUMN IF NOT EXISTS (\w+) [^-]*-- (.+)")


@dataclass(frozen=True)
class Comment:
    """What a table holds, or one of its columns."""

    schema: str
    table: str
    column: str | None
    holds: str

    @property
    def statement(self) -> str:
        place = quote_table(self.schema, self.table)
        what = f"TABLE {place}" if self.column is None else f"COLUMN {place}.{quote(self.column)}"
        return f"COMMENT ON {what} IS {quote_text(self.holds)}"


def comments_of(schema: str) -> Iterator[Comment]:
    """What the comments of a file of CREATE TABLE statements say: those above a table, and behind its columns."""
    above: list[str] = []
    schema_name, table, inside = "", "", False
    for line in schema.splitlines():
        if found := _TABLE.match(line):
            schema_name, table, rest = found.groups()
            inside = rest == "("
            if above:
                yield Comment(schema_name, table, None, _sentence(" ".join(above)))
        elif inside and (found := _COLUMN.match(line)):
            yield Comment(schema_name, table, found[1], _sentence(found[2]))
        elif found := _ADDED.match(line):
            yield Comment(found[1], found[2], found[3], _sentence(found[4]))
        inside = inside and not line.startswith(")")
        above = [*above, line.removeprefix("-- ")] if line.startswith("-- ") else []


def comment_on_columns(
    connection: duckdb.DuckDBPyConnection, schema: str, table: str, comments: Mapping[str, str]
) -> None:
    """Comments the columns where they do not say so yet; what is empty is left as it is."""
    standing = connection.execute(
        "SELECT lower(column_name), comment FROM duckdb_columns() WHERE database_name = current_database()"
        " AND schema_name = ? AND table_name = ?",
        [schema, table],
    ).fetchall()
    said = dict(standing)
    for name, comment in comments.items():
        if comment and said.get(name.lower()) != comment:
            connection.execute(Comment(schema, table, name, comment).statement)


def _sentence(holds: str) -> str:
    """With a capital, but for the values that a column may have."""
    return holds if " | " in holds else holds[:1].upper() + holds[1:]
