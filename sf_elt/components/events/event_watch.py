"""The sensor that notices new and grown event files."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import dagster as dg

from sf_elt.components.automation import is_running
from sf_elt.counting import count
from sf_elt.streams import EventSpec, EventsUnreadable, event_files, files_standing

if TYPE_CHECKING:  # the type of what define_asset_job gives, which dagster does not export
    from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

LOOK_SECONDS = 30


def watch_files(spec: EventSpec, job: "UnresolvedAssetJobDefinition") -> dg.SensorDefinition:
    """Asks for one run when files are new or have changed since the last one was asked for."""

    def evaluate(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        return look(context, spec, job.name, lambda: datetime.now(UTC))

    return dg.SensorDefinition(
        name=f"{spec.stream}_watch",
        job=job,
        evaluation_fn=evaluate,
        minimum_interval_seconds=LOOK_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Reads event files as soon as they are there or have grown.",
    )


def look(
    context: dg.SensorEvaluationContext, spec: EventSpec, job: str, clock: Callable[[], datetime]
) -> dg.SensorResult | dg.SkipReason:
    """One look. The cursor is the digest of what there was to read when a run was last asked for."""
    try:
        files = event_files(spec)
    except EventsUnreadable as error:
        return dg.SkipReason(str(error))
    found = files_standing(files, clock())
    if found in (context.cursor, ""):
        return dg.SkipReason(f"nothing new in {count(len(files), 'file')}")
    if is_running(context.instance, job):
        return dg.SkipReason(f"{job} is running; what is new will be read after it")
    return dg.SensorResult(run_requests=[dg.RunRequest()], cursor=found)
