"""The audiences as they were last evaluated, and how many came and went lately."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sf_elt.insight.evaluating import run_sql
from sf_elt.insight.subjects import require_profiles
from sf_elt.warehouse import Warehouse, naive

LATELY = timedelta(days=7)


@dataclass(frozen=True)
class StandingAudience:
    """One audience as last evaluated. `share` is of all profiles, 0 to 1; `entered` and `left` are of the last 7 days.

    Those count moves of people, not those that a change of definition caused.
    """

    audience: str
    description: str
    condition: str
    members: int
    share: float
    entered: int
    left: int
    evaluated_at: datetime


def standing_audiences(warehouse: Warehouse, *, now: datetime) -> tuple[StandingAudience, ...]:
    """The audiences of the last evaluation, by name. Raises ProfilesMissing or WarehouseEmpty before there are any."""
    with warehouse.read() as connection:
        require_profiles(connection)
        rows = run_sql(connection, "standing_audiences", {"since": naive(now - LATELY)}).fetchall()
    return tuple(StandingAudience(*row) for row in rows)
