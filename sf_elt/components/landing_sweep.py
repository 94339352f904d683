"""The sensor that removes what has landed and is kept no longer, also where no import runs any more."""

from datetime import UTC, datetime, timedelta

import dagster as dg

from sf_elt.components.resources import open_warehouse
from sf_elt.counting import count
from sf_elt.streams.landing import sweep_stale

NAME = "old_landing_files"
EVERY = timedelta(hours=1)


def sweep_landing() -> dg.SensorDefinition:
    """Looks every hour. A tick fails where a folder lets go of nothing: personal data stays there."""
    return dg.SensorDefinition(
        name=NAME,
        evaluation_fn=_sweep,
        minimum_interval_seconds=int(EVERY.total_seconds()),
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Removes what unfinished reads have landed, SF_ELT_LANDING_DAYS after it landed. It starts no run.",
    )


def _sweep(_: dg.SensorEvaluationContext) -> dg.SkipReason:
    warehouse = open_warehouse()
    removed = sweep_stale(warehouse, datetime.now(UTC)) if warehouse.root.is_dir() else 0
    days = warehouse.keep_landed / timedelta(days=1)
    return dg.SkipReason(f"{count(removed, 'unfinished read')} of more than {days:g} days removed")
