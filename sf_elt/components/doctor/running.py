"""Whether everything runs that should: Dagster's daemon, schedules and sensors, the last runs."""

from collections.abc import Collection, Iterator
from datetime import datetime

from sf_elt.components.preflight.findings import Finding, Verdict
from sf_elt.components.status import Status
from sf_elt.components.status.instance import START
from sf_elt.components.status.runs import LastRun
from sf_elt.counting import count

STUCK_SECONDS = 6 * 3600


def about_running(status: Status, now: datetime, known: Collection[str] = ()) -> Iterator[Finding]:
    """As Dagster's storage has it; where there is none to read, that alone. `known`: what is to be done already."""
    missing = status.no_instance
    if missing is not None and missing.to_do in known:
        yield Finding("Dagster", "storage", "warning", "it is not looked at before the settings are right")
        return
    if missing is not None:
        verdict: Verdict = "problem" if missing.is_broken else "warning"
        yield Finding("Dagster", "storage", verdict, missing.why, missing.to_do)
        return
    yield _daemon(status)
    yield from _tickings(status)
    yield from _runs(status)


def _daemon(status: Status) -> Finding:
    daemon = status.daemon
    if daemon is None or daemon.seen_at is None:
        says = "Dagster's daemon has never run: nothing runs by itself"
        return Finding("Dagster", "daemon", "problem", says, f"Start it, with its UI: {START}")
    if not daemon.is_alive:
        says = f"Dagster's daemon was last seen {daemon.seen_at:%Y-%m-%d %H:%M} UTC: nothing runs by itself since then"
        return Finding("Dagster", "daemon", "problem", says, f"Start it, with its UI: {START}")
    if daemon.errors:
        says = f"it is alive, and complains: {daemon.errors[0]}"
        return Finding("Dagster", "daemon", "warning", says, "Deployment › Daemons in Dagster's UI says more.")
    return Finding("Dagster", "daemon", "ok", "it is alive")


def _tickings(status: Status) -> Iterator[Finding]:
    off = [each for each in status.tickings if not each.is_on]
    failed = [each for each in status.tickings if each.failed]
    for each in failed:
        says = f"the last tick of the {each.kind} {each.name} failed: {each.failed}"
        yield Finding("Dagster", each.kind, "problem", says, "Automation in Dagster's UI shows the tick's log.")
    if off:
        names = ", ".join(each.name for each in off)
        yield Finding("Dagster", "schedules", "warning", f"switched off: {names}", "Automation in Dagster's UI.")
    elif not failed:
        says = f"all are on: {count(len(status.tickings), 'schedule or sensor', 'schedules and sensors')}"
        yield Finding("Dagster", "schedules", "ok", says)


def _runs(status: Status) -> Iterator[Finding]:
    """Of each thing that runs the last one."""
    latest: dict[str, LastRun] = {}
    for each in status.runs:
        latest.setdefault(each.what, each)
    failed = [each for each in latest.values() if each.failed]
    for each in failed:
        at = f" of {each.started_at:%Y-%m-%d %H:%M} UTC" if each.started_at else ""
        says = f"the last run of {each.what}{at} failed: {each.error}"
        what_next = f"Mend that, then materialize it again; the run in Dagster's UI: /runs/{each.run_id}"
        yield Finding("Dagster", "runs", "problem", says, what_next)
    for each in (one for one in status.runs if one.status == "started" and (one.seconds or 0) > STUCK_SECONDS):
        says = f"the run of {each.what} has been going on for {count(round((each.seconds or 0) / 3600), 'hour')}"
        yield Finding("Dagster", "runs", "warning", says, f"See whether it moves: /runs/{each.run_id}")
    if not failed:
        says = f"of the last {len(status.runs)} none failed" if status.runs else "nothing has run yet"
        yield Finding("Dagster", "runs", "ok", f"{says}, or it has succeeded since" if status.runs else says)
