"""How exports stand: their last plans, and which run has written something last."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files

import duckdb

_SQL = files("sf_elt.writeback").joinpath("last_plans.sql").read_text("utf-8")


@dataclass(frozen=True)
class LastPlan:
    """The last plan of an export. Times are UTC, without a zone; `wrote` is the last run that wrote something."""

    export: str
    plan_id: str
    run_id: str
    status: str
    planned_at: datetime
    by_operation: Mapping[str, int]
    undoes: str
    because: str
    wrote: str | None


def last_plans(connection: duckdb.DuckDBPyConnection) -> dict[str, LastPlan]:
    """By the name of the export; one that has not run has none."""
    rows = connection.execute(_SQL).fetchall()
    return {row[0]: LastPlan(*row) for row in rows}
