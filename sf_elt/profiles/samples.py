"""A few rows of a table without personal data, to see what it holds."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import duckdb

from sf_elt.profiles.masking import HIDDEN, NOTHING, as_text, mask
from sf_elt.warehouse import quote, quote_table

ROWS = 5
MOST_COLUMNS = 9
"""So many columns are shown."""

LOOKED_AT = 60
"""So many of a wide table's columns are read."""

PROFILE_ID = "profile_id"


@dataclass(frozen=True)
class Sample:
    """Columns, and rows of masked texts. A profile's id is shown as it is."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def masked_sample(
    connection: duckdb.DuckDBPyConnection,
    columns: Sequence[str],
    rows: Sequence[Sequence[object]],
    as_is: Collection[str] = (PROFILE_ID,),
) -> Sample:
    """The rows masked, without columns that are empty in all of them. Fields that are identifiers are never shown."""
    kinds = {str(kind) for (kind,) in connection.execute("SELECT DISTINCT kind FROM profiles.identifiers").fetchall()}
    masked = [
        [
            as_text(value) if name in as_is else mask(name, value, identifies=name in kinds)
            for name, value in zip(columns, row, strict=True)
        ]
        for row in rows
    ]
    return _with_columns(columns, masked, lambda cell: cell != NOTHING)


def newest_rows(
    connection: duckdb.DuckDBPyConnection,
    schema: str,
    table: str,
    last_by: str,
    *,
    columns: Sequence[str] = (),
    first: Sequence[str] = (),
    only: Mapping[str, object] | None = None,
    as_is: Collection[str] = (PROFILE_ID,),
) -> Sample:
    """The last rows by one column, masked: these columns, or the first that say something, those of `first` before.

    Of all columns, our own (_loaded_at, …) and Salesforce Ids are left out, and what can only be hidden. `only` says
    which values some columns have, `as_is` which columns hold nothing of a person.
    """
    described = connection.execute(f"DESCRIBE {quote_table(schema, table)}").fetchall()
    known = [name for name, *_ in described if not _is_left_out(name)]
    leading = [PROFILE_ID, *first]
    chosen = columns or [*(name for name in leading if name in known), *(name for name in known if name not in leading)]
    chosen = chosen[:LOOKED_AT]
    where = " AND ".join(f"{quote(name)} = ?" for name in only or {}) or "true"
    found = connection.execute(
        f"SELECT {', '.join(map(quote, chosen))} FROM {quote_table(schema, table)} WHERE {where}"  # noqa: S608  quoted names
        f" ORDER BY {quote(last_by)} DESC NULLS LAST LIMIT {ROWS}",
        list((only or {}).values()),
    ).fetchall()
    sample = masked_sample(connection, chosen, found, as_is)
    if columns:
        return sample
    told = _with_columns(sample.columns, sample.rows, lambda cell: cell not in (HIDDEN, NOTHING))
    return Sample(told.columns[:MOST_COLUMNS], tuple(row[:MOST_COLUMNS] for row in told.rows))


def _is_left_out(name: str) -> bool:
    return name.startswith("_") or name.endswith("Id")


def _with_columns(columns: Sequence[str], rows: Sequence[Sequence[str]], says: Callable[[str], bool]) -> Sample:
    """The columns in which any row says something."""
    kept = [place for place in range(len(columns)) if any(says(row[place]) for row in rows)]
    return Sample(tuple(columns[place] for place in kept), tuple(tuple(row[place] for place in kept) for row in rows))
