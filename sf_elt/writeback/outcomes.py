"""What became of an export's records over time."""

from datetime import datetime
from importlib.resources import files

from sf_elt.warehouse.over_time import Connection, Span, over_time


def outcomes_over_time(connection: Connection, export: str, *, now: datetime) -> list[Span]:
    """How many records succeeded, failed or were set aside, by those names; each attempt counts."""
    moves = files("sf_elt.writeback").joinpath("moves_of_outcomes.sql").read_text("utf-8")
    return over_time(connection, moves, {"export": export}, now=now, together=True)
