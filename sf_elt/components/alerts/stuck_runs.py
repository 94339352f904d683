"""Runs that do not go on: those that wait in a queue that does not move, and those that say nothing any more."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import dagster as dg

from sf_elt.alerts import Finding
from sf_elt.components.status.runs import what_it_makes
from sf_elt.counting import count

MOST = 100
"""As many runs are looked at; more are not at work at a time."""

_WAIT = (dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.NOT_STARTED)
_AT_WORK = (dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING)
_MOVED = (dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE)


def stuck_runs(instance: dg.DagsterInstance, longest: timedelta, now: datetime) -> Iterator[Finding]:
    """The queue as one finding, where nothing has left it for so long; and each run that was silent for so long."""
    before, hours = now - longest, longest.total_seconds() / 3600
    waiting = instance.get_run_records(
        dg.RunsFilter(statuses=list(_WAIT), created_before=before), limit=1, ascending=True
    )
    if waiting and not instance.get_run_records(dg.RunsFilter(statuses=list(_MOVED), updated_after=before), limit=1):
        number = instance.get_runs_count(dg.RunsFilter(statuses=list(_WAIT)))
        says = f"{count(number, 'run waits', 'runs wait')}, and none has started for {hours:g} hours."
        since = waiting[0].create_timestamp.astimezone(UTC)
        yield Finding("stuck", "runs", "the queue of runs", says, since, run_id=waiting[0].dagster_run.run_id)
    for record in instance.get_run_records(
        dg.RunsFilter(statuses=list(_AT_WORK), created_before=before), limit=MOST, ascending=True
    ):
        run = record.dagster_run
        heard = _last_event(instance, run.run_id) or record.create_timestamp.astimezone(UTC)
        if heard < before:
            status = run.status.value.lower()
            says = f"{status}, and silent since {heard:%Y-%m-%d %H:%M} UTC. Is its process still there?"
            yield Finding(
                "stuck", "runs", f"run {run.run_id[:8]} of {what_it_makes(run)}", says, heard, run_id=run.run_id
            )


def _last_event(instance: dg.DagsterInstance, run_id: str) -> datetime | None:
    records = instance.get_records_for_run(run_id, limit=1, ascending=False).records
    return datetime.fromtimestamp(records[0].event_log_entry.timestamp, UTC) if records else None
