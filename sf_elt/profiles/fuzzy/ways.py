"""Which pairs of records are compared: those that are equal in one of several ways, counted before any is compared."""

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from sf_elt.profiles.errors import FuzzyRefused
from sf_elt.profiles.fuzzy.options import FuzzyLinks
from sf_elt.profiles.fuzzy.records import ComparedRecords
from sf_elt.profiles.sql import statement

MOST_ALIKE = 1000
"""A value that more records share than that is nobody's own: it makes no two records be compared."""


@dataclass(frozen=True)
class Way:
    """Two records are compared where they are equal in `fields` (by number), as `name` says; `pairs` of them are."""

    number: int
    fields: tuple[int, ...]
    name: str
    pairs: int = 0

    @property
    def rule(self) -> str:
        equal = " AND ".join(f"l.c{field} = r.c{field}" for field in self.fields)
        return f"{equal} AND l.is_rare_{self.number} = r.is_rare_{self.number}"


def count_ways(connection: duckdb.DuckDBPyConnection, records: ComparedRecords, fuzzy: FuzzyLinks) -> list[Way]:
    """Makes the tables compared and shared, and gives each way with the number of its pairs."""
    names = [field.name for field in fuzzy.compare]
    ways = [
        (number, tuple(names.index(name) for name in way), " and ".join(way)) for number, way in enumerate(fuzzy.ways)
    ]
    for table in ("records", "shared"):
        connection.register(f"arriving_{table}", getattr(records, table))
    rare = [
        f"CASE WHEN {' AND '.join(f'c{field} IS NOT NULL' for field in fields)} AND count(*) OVER "
        f"(PARTITION BY {_columns(fields)}) <= {MOST_ALIKE} THEN true END AS is_rare_{number}"
        for number, fields, _ in ways
    ]
    connection.execute(statement("fuzzy_compared", rare=",\n    ".join(rare)))
    connection.execute("CREATE TABLE shared AS FROM arriving_shared")
    for table in ("records", "shared"):
        connection.unregister(f"arriving_{table}")
    return [Way(number, fields, name, _count(connection, number, fields)) for number, fields, name in ways]


def affordable_ways(ways: Sequence[Way], fuzzy: FuzzyLinks) -> list[Way]:
    """Those that are compared: all of block_on; without it an equal email or phone, and of the others, that need two
    fields equal, as many as make no more than max_pairs, beginning with the one that makes the fewest.

    Raises FuzzyRefused where that is more than max_pairs, or none.
    """
    asked = [way for way in ways if fuzzy.block_on or len(way.fields) == 1]
    taken = set(asked)
    for way in sorted(ways, key=lambda way: way.pairs):
        if sum(each.pairs for each in taken | {way}) <= fuzzy.max_pairs:
            taken.add(way)
    if not taken or sum(way.pairs for way in taken) > fuzzy.max_pairs:
        told = ", ".join(f"{way.pairs:,} for {way.name}" for way in ways)
        problem = f"more than max_pairs ({fuzzy.max_pairs:,}) pairs would have to be compared: {told}"
        raise FuzzyRefused([f"{problem}; name in block_on what fewer records have in common, or raise max_pairs"])
    return [way for way in ways if way in taken]


def _count(connection: duckdb.DuckDBPyConnection, number: int, fields: Sequence[int]) -> int:
    rows = connection.execute(statement("fuzzy_count", number=str(number), columns=_columns(fields))).fetchall()
    return int(rows[0][0])


def _columns(fields: Sequence[int]) -> str:
    return ", ".join(f"c{field}" for field in fields)
