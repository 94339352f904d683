"""The rows that an export's source has, before the columns are chosen that it reads."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import duckdb

from sf_elt.profiles.sql import statement
from sf_elt.warehouse import quote, quote_table


@dataclass(frozen=True)
class Column:
    """What one name of the YAML reads: its SQL over the rows of the source, and its DuckDB type."""

    sql: str
    data_type: str


Columns = Mapping[str, Column]


@dataclass(frozen=True)
class SourceRows:
    """A source: what the YAML may name, and the SQL for its rows, whose parts are filled in."""

    columns: Columns
    template: str
    parts: Mapping[str, str]
    lacks: str
    """What is said of a name that is none: `the profiles have no user field`."""
    more_names: Callable[[], Iterable[str]] = tuple
    """What could be named besides, where that takes a look at the rows."""

    def select(self, read: Mapping[str, str]) -> str:
        """SQL for the rows with these columns: name → SQL."""
        listed = ",\n    ".join(f"{sql} AS {quote(name)}" for name, sql in read.items())
        return statement(self.template, package=__package__, columns=listed or "NULL AS _nothing", **self.parts)

    def nameable(self) -> list[str]:
        """Everything that could have been meant."""
        return [*self.columns, *self.more_names()]


def table_types(connection: duckdb.DuckDBPyConnection, schema: str, table: str) -> dict[str, str]:
    """Column → DuckDB type; nothing where there is no such table."""
    try:
        described = connection.execute(f"DESCRIBE {quote_table(schema, table)}").fetchall()
    except duckdb.CatalogException:
        return {}
    return {str(name): str(data_type) for name, data_type, *_ in described}
