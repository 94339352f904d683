"""How something grew: counts over time from the moments that rows have, in as few numbers as a picture needs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from importlib.resources import files
from typing import TypeAlias

from duckdb import DuckDBPyConnection

from sf_elt.warehouse.moments import naive

Connection: TypeAlias = DuckDBPyConnection
"""For those who pass one on and need not know the database."""

SPANS = 15
"""In so many spans, at most, a history is told."""


@dataclass(frozen=True)
class Span:
    """Some days in a row, with how many came and went in them, and how many stood at their end."""

    name: str
    first_day: date
    last_day: date
    came: int
    went: int
    standing: int


def over_time(
    connection: DuckDBPyConnection,
    moves: str,
    values: Mapping[str, object] | None = None,
    *,
    now: datetime,
    spans: int = SPANS,
    together: bool = False,
) -> list[Span]:
    """What a query of moves (name, happened_at, came, went) tells, by name and in order of time, without gaps.

    Each name begins with the day of its first move; `together`, all with that of the first of any.
    """
    text = files(__package__).joinpath("over_time.sql").read_text("utf-8").replace("{moves}", moves)
    told = {**(values or {}), "now": naive(now), "spans": spans, "together": together}
    return [Span(*row) for row in connection.execute(text, told).fetchall()]
