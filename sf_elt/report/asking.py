"""How this room asks: one read-only connection, and the moments that its questions count back from."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import duckdb

from sf_elt.insight import MONTH, WEEK, WarehouseOutdated
from sf_elt.profiles.sql import statement
from sf_elt.warehouse import naive

Row = tuple[Any, ...]
"""What DuckDB gives: its columns are known to who asks, and to no type."""


@dataclass(frozen=True)
class Asked:
    """A connection that reads, at one moment. `now` is an aware time, in the time zone that is shown."""

    connection: duckdb.DuckDBPyConnection
    now: datetime

    def rows(self, query: str, *, parts: Mapping[str, str] | None = None, **values: object) -> list[Row]:
        """The rows of one of this room's `.sql` files; what it says of now, a week and a month ago is put in."""
        text = statement(query, package="sf_elt.report", **(parts or {}))
        moments = {"now": self.now, "week_ago": self.now - WEEK, "month_ago": self.now - MONTH}
        values |= {name: naive(at) for name, at in moments.items() if f"${name}::" in text}
        return self.sql(text, values)

    def sql(self, text: str, values: Mapping[str, object] | Sequence[object] | None = None) -> list[Row]:
        """The rows that a query gives, times in the time zone that is shown."""
        found = self.connection.execute(text, values).fetchall()
        return [tuple(self._shown(each) for each in row) for row in found]

    def has_table(self, schema: str, table: str) -> bool:
        """Whether there is such a table: some are made by the first run of what fills them."""
        return bool(
            self.sql(
                "SELECT 1 FROM duckdb_tables() WHERE database_name = current_database()"
                " AND schema_name = ? AND table_name = ?",
                [schema, table],
            )
        )

    def _shown(self, value: object) -> object:
        return value.replace(tzinfo=UTC).astimezone(self.now.tzinfo) if isinstance(value, datetime) else value


@contextmanager
def outdated_told() -> Iterator[None]:
    """Raises WarehouseOutdated where an earlier version of sf_elt wrote the warehouse last and lacks what is asked."""
    try:
        yield
    except (duckdb.BinderException, duckdb.CatalogException) as error:
        raise WarehouseOutdated(
            "an earlier version of sf_elt wrote this warehouse last, and it lacks what is asked for here: "
            f"materialize any asset first, which brings it up to date. DuckDB says: {str(error).splitlines()[0]}"
        ) from error
