"""What analysts ask of the warehouse: each question is one short read, its answer a pandas DataFrame.

Types in pandas: whole numbers Int64 (Int32, …) and truth values boolean, both of which know nulls; numbers with a
fraction float64, decimals too, as DuckDB gives them; dates and times datetime64, UTC; lists Python lists; structs and
maps dicts.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from difflib import get_close_matches
from importlib.resources import files
from typing import TYPE_CHECKING

import duckdb

from sf_elt.warehouse.errors import ReadOnly, UnknownTable
from sf_elt.warehouse.names import quote_table

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

Values = Sequence[object] | Mapping[str, object]
"""The values of a query's parameters: in their order for $1, $2 or ?, by name for $name."""

TABLES = files("sf_elt.warehouse").joinpath("tables.sql").read_text("utf-8")
COLUMNS = files("sf_elt.warehouse").joinpath("columns.sql").read_text("utf-8")


class Frames(ABC):
    """Questions to the warehouse that pandas has the answers of. Each opens the file, asks, and closes it."""

    @abstractmethod
    def read(self) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        """A short read-only connection."""

    def sql(self, query: str, values: Values | None = None) -> pd.DataFrame:
        """The rows of a query in DuckDB's SQL, with `values` for its parameters.

        Raises ReadOnly for a statement that writes, UnknownTable (did you mean …), WarehouseEmpty before the first
        import, WarehouseBusy where a run writes for longer than is waited, and duckdb.Error for what is wrong in the
        query.
        """
        with self.read() as connection:
            connection.execute("SET python_enable_replacements = false")  # a name is a table's, never a variable's
            try:
                found = connection.sql(query, params=values)
                answer = None if found is None else found.to_arrow_table()
            except duckdb.InvalidInputException as error:
                if "read-only mode" not in str(error):
                    raise
                raise ReadOnly(
                    "the warehouse can only be read from here: runs write to it, and would not know of what you change "
                    "(a wrong record is put right in the org, a wrong field in the YAML). Keep what you work out in a "
                    f"file of your own: frame.to_parquet(…). DuckDB says: {error}"
                ) from error
            except duckdb.CatalogException as error:
                if "Table with name" not in str(error):
                    raise
                raise UnknownTable(f"{error}\n\n`tables()` lists what there is.") from error
        return _frame(answer)

    def table(self, name: str, limit: int | None = None) -> pd.DataFrame:
        """All rows of a table or view, or the first so many: `salesforce_leads`, `profiles.profiles`, `scores`, ….

        Without its schema a name is looked for in all of them, among the documented views first. Raises UnknownTable.
        """
        found = quote_table(*self._known(name))
        return self.sql(f"FROM {found} LIMIT $1", [limit])

    def tables(self) -> pd.DataFrame:
        """Every table and view: schema, name, kind, rows (of tables, about), and what it holds."""
        return self.sql(TABLES)

    def describe(self, name: str) -> pd.DataFrame:
        """The columns of a table or view: column, type, and what it holds. Raises UnknownTable."""
        return self.sql(COLUMNS, list(self._known(name)))

    def _known(self, name: str) -> tuple[str, str]:
        """Schema and name of a table or view. Raises UnknownTable."""
        known = [(str(schema), str(table)) for schema, table in self.tables()[["schema", "name"]].to_numpy()]
        wanted = name.casefold()
        for schema, table in known:
            if wanted in (table.casefold(), f"{schema}.{table}".casefold()):
                return schema, table
        names = {each.casefold(): each for pair in known for each in (pair[1], ".".join(pair))}
        near = [names[each] for each in get_close_matches(wanted, names, n=3)]
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        raise UnknownTable(f"the warehouse has no table or view {name!r}{hint} `tables()` lists what there is.")


def _frame(answer: pa.Table | None) -> pd.DataFrame:
    import pandas as pd
    import pyarrow as pa

    if answer is None:  # a statement without rows
        return pd.DataFrame()
    kinds = {
        pa.bool_(): pd.BooleanDtype(),
        pa.int8(): pd.Int8Dtype(),
        pa.int16(): pd.Int16Dtype(),
        pa.int32(): pd.Int32Dtype(),
        pa.int64(): pd.Int64Dtype(),
        pa.uint8(): pd.UInt8Dtype(),
        pa.uint16(): pd.UInt16Dtype(),
        pa.uint32(): pd.UInt32Dtype(),
        pa.uint64(): pd.UInt64Dtype(),
    }
    # Two columns may have one name: they go by their places until pandas has them.
    plain = pa.table([_plain(column) for column in answer.columns], names=[str(n) for n in range(answer.num_columns)])
    frame: pd.DataFrame = plain.to_pandas(types_mapper=kinds.get, date_as_object=False, maps_as_pydicts="strict")
    for place, column in enumerate(answer.columns):
        if pa.types.is_list(column.type):
            frame.isetitem(place, pd.Series(column.to_pylist(), dtype=object).array)
    frame.columns = pd.Index(answer.column_names)
    return frame


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Decimals as pandas can count with them: whole ones, such as DuckDB's sums of whole numbers, as Int64."""
    import pyarrow as pa

    if not pa.types.is_decimal(column.type):
        return column
    if column.type.scale == 0:
        try:
            return column.cast(pa.int64())
        except pa.ArrowInvalid:  # larger than any Int64
            return column.cast(pa.float64())
    return column.cast(pa.float64())
