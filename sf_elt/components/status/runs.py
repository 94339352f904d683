"""The last runs, as Dagster remembers them, and why one failed."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

import dagster as dg

from sf_elt.components.running import WINDOW

ASSETS_NAMED = 3
FAILED = dg.DagsterRunStatus.FAILURE


@dataclass(frozen=True)
class LastRun:
    """One run. `status` is Dagster's, in lower case; `seconds` and `error` are None where there is none (yet)."""

    run_id: str
    what: str
    status: str
    started_at: datetime | None
    seconds: float | None
    error: str | None

    @property
    def failed(self) -> bool:
        return self.status == FAILED.value.lower()


def last_runs(instance: dg.DagsterInstance, most: int, now: datetime) -> tuple[LastRun, ...]:
    """The latest ones, the newest first."""
    return tuple(_told(instance, each, now) for each in instance.get_run_records(limit=most))


def _told(instance: dg.DagsterInstance, record: dg.RunRecord, now: datetime) -> LastRun:
    run = record.dagster_run
    ended = record.end_time or (now.timestamp() if record.start_time and not run.is_finished else None)
    return LastRun(
        run_id=run.run_id,
        what=what_it_makes(run),
        status=run.status.value.lower(),
        started_at=datetime.fromtimestamp(record.start_time, UTC) if record.start_time else None,
        # It may have begun since `now`: a busy machine takes seconds to look.
        seconds=max(0.0, round(ended - record.start_time, 1)) if ended and record.start_time else None,
        error=why_it_failed(instance, run.run_id) if run.status == FAILED else None,
    )


def what_it_makes(run: dg.DagsterRun) -> str:
    """The name of its job, or the assets that were chosen; and the window that it reads."""
    window = run.tags.get(WINDOW) or run.tags.get("dagster/partition")
    of_window = f" {window}" if window else ""
    if not run.job_name.startswith("__"):
        return f"{run.job_name}{of_window}"
    names = sorted(key.path[-1] for key in run.asset_selection or ())
    more = f" and {len(names) - ASSETS_NAMED} more" if len(names) > ASSETS_NAMED else ""
    return f"{', '.join(names[:ASSETS_NAMED]) or 'assets'}{more}{of_window}"


def why_it_failed(instance: dg.DagsterInstance, run_id: str) -> str:
    """The first line of what its first failed step said; of the run itself, where no step has failed."""
    kinds = (dg.DagsterEventType.STEP_FAILURE, dg.DagsterEventType.RUN_FAILURE)
    for kind in kinds:
        for record in instance.get_records_for_run(run_id, of_type=kind, limit=1, ascending=True).records:
            event = record.event_log_entry.dagster_event
            if event is not None:
                return first_line(_message(event))
    return "no event says why: its process was killed, or could not start"


def _message(event: dg.DagsterEvent) -> str:
    if not event.is_step_failure:
        return event.message or ""
    error = event.step_failure_data.error
    while error is not None and error.cause is not None:
        error = error.cause
    return error.message if error is not None else event.message or ""


def first_line(message: str) -> str:
    """Without the module of the error's class; in words where an error has none."""
    line = next(iter(message.strip().splitlines()), "an error without a word")
    return re.sub(r"^(?:\w+\.)+(?=\w+(?:: |$))", "", line)
