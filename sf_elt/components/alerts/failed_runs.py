"""Failed runs as incidents: which of their assets failed, and when that is over.

A run that fails is one incident for all of its assets that failed. Until they are made, no further failure of theirs is
another one: neither the other partitions of a backfill, nor the same again every hour.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import dagster as dg

from sf_elt.alerts import Finding, Occurrence, Subject

if TYPE_CHECKING:  # a type of what an event has, which dagster does not export
    from dagster_shared.error import SerializableErrorInfo

WILL_RETRY = "dagster/will_retry"
"""Dagster's tag of a failed run that it is about to start again by itself."""

LEFT_ALONE = timedelta(days=1)
"""Failed partitions that nobody makes again are let go of after so long, where the asset is made otherwise."""

_ASSETS = frozenset(
    {
        dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED,
        dg.DagsterEventType.ASSET_MATERIALIZATION,
        dg.DagsterEventType.STEP_FAILURE,
        dg.DagsterEventType.ASSET_CHECK_EVALUATION,
    }
)


def failures_of(instance: dg.DagsterInstance, run: dg.DagsterRun) -> list[Finding]:
    """What a failed run failed to make. Where no step failed (it was killed), that is all it had not made yet.

    What a blocking check fails for was made, and may not be used: it counts as not made. Of an error only the name of
    its class is told, of a check its own name: their words may hold what records hold.
    """
    if run.tags.get(WILL_RETRY, "").lower() == "true":
        return []
    steps: dict[str, str | None] = {}
    made: set[dg.AssetKey] = set()
    planned: list[tuple[str | None, dg.AssetKey]] = []
    blocked: dict[dg.AssetKey, list[str]] = {}
    for record in instance.get_records_for_run(run.run_id, of_type=set(_ASSETS)).records:
        event = record.event_log_entry.dagster_event
        if event is None:
            continue
        if event.event_type == dg.DagsterEventType.STEP_FAILURE:
            steps[event.step_key or ""] = class_of(event.step_failure_data.error)
        elif event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            found = event.asset_check_evaluation_data
            if found.blocking and not found.passed and found.severity == dg.AssetCheckSeverity.ERROR:
                blocked.setdefault(found.asset_key, []).append(found.check_name)
        elif event.asset_key is not None and event.event_type == dg.DagsterEventType.ASSET_MATERIALIZATION:
            made.add(event.asset_key)
        elif event.asset_key is not None:
            planned.append((event.step_key, event.asset_key))
    made -= blocked.keys()
    failed = {key.to_user_string(): step for step, key in planned if key not in made and (step in steps or not steps)}
    checks = {key.to_user_string(): f"blocked by {', '.join(sorted(names))}" for key, names in blocked.items()}
    if not failed:
        failed = {f"job {run.job_name}": next(iter(steps), None)}
    ended, partitions = _ended_at(instance, run), _partitions(run)
    return [
        Finding(
            kind="failure",
            work=run.run_id,
            subject=name,
            says=_says(checks.get(name) or steps.get(step or ""), partitions),
            since=ended,
            occurrence=run.run_id,
            run_id=run.run_id,
            partitions=partitions,
        )
        for name, step in sorted(failed.items())
    ]


def made_again(
    instance: dg.DagsterInstance, subjects: Sequence[Subject], assets: Collection[dg.AssetKey], now: datetime
) -> Iterator[str]:
    """Which of these failures are over, one by one. A run that only paused makes nothing, and ends none of them."""
    keys = {key.to_user_string(): key for key in assets}
    lasting = {each: keys.get(each.name) for each in subjects if not each.is_over}
    latest = _last_made(instance, [key for key in lasting.values() if key is not None])
    for each, key in lasting.items():
        may_be_made = key is None or latest.get(key, 0.0) > each.occurrences[-1].at.timestamp()
        if may_be_made and _is_over(instance, each, key, now):
            yield each.name


def _last_made(instance: dg.DagsterInstance, keys: Sequence[dg.AssetKey]) -> dict[dg.AssetKey, float]:
    """When each was made last, whichever partition: one question for all of hundreds that fail at once."""
    found = {}
    for record in instance.get_asset_records(keys) if keys else ():
        if (made := record.asset_entry.last_materialization_record) is not None:
            found[record.asset_entry.asset_key] = made.timestamp
    return found


def still_failing(
    instance: dg.DagsterInstance, failures: Sequence[Finding], assets: Collection[dg.AssetKey], now: datetime
) -> list[Finding]:
    """Those of the failures that are not over yet."""
    once = {each: Occurrence(each.occurrence, each.since, each.partitions) for each in failures}
    subjects = [Subject(each.subject, each.says, None, False, (at,)) for each, at in once.items()]
    over = set(made_again(instance, subjects, assets, now))
    return [each for each in failures if each.subject not in over]


def _is_over(instance: dg.DagsterInstance, subject: Subject, key: dg.AssetKey | None, now: datetime) -> bool:
    latest = subject.occurrences[-1].at
    if key is None:  # a job without assets, or an asset that there is none of any more
        job = subject.name.removeprefix("job ")
        return job == subject.name or _succeeded(instance, job, latest)
    if now - latest > LEFT_ALONE and _is_made(instance, key, None, latest):
        return True
    spans = {each.partitions: each.at for each in subject.occurrences}
    return all(  # the last one first: a backfill makes it last, and of thousands one is asked for
        _is_made(instance, key, partition, at)
        for span, at in reversed(spans.items())
        for partition in (dict.fromkeys(span) if span else (None,))
    )


def _is_made(instance: dg.DagsterInstance, key: dg.AssetKey, partition: str | None, after: datetime) -> bool:
    wanted = dg.AssetRecordsFilter(
        key, asset_partitions=[partition] if partition else None, after_timestamp=after.timestamp()
    )
    return bool(instance.fetch_materializations(wanted, limit=1).records)


def _succeeded(instance: dg.DagsterInstance, job: str, after: datetime) -> bool:
    wanted = dg.RunsFilter(job_name=job, statuses=[dg.DagsterRunStatus.SUCCESS], updated_after=after)
    return bool(instance.get_runs(wanted, limit=1))


def _ended_at(instance: dg.DagsterInstance, run: dg.DagsterRun) -> datetime:
    """When the run failed; whatever is made after that is made again."""
    record = instance.get_run_record_by_id(run.run_id)
    return datetime.fromtimestamp(record.end_time, UTC) if record and record.end_time else datetime.now(UTC)


def _partitions(run: dg.DagsterRun) -> tuple[str, str] | None:
    one = run.tags.get("dagster/partition")
    first = run.tags.get("dagster/asset_partition_range_start", one)
    last = run.tags.get("dagster/asset_partition_range_end", one)
    return (first, last) if first and last else None


def _says(error: str | None, partitions: tuple[str, str] | None) -> str:
    said = error or "its run ended before it was made"
    if partitions is None:
        return f"{said}."
    first, last = partitions
    return f"{said}, partition {first}." if first == last else f"{said}, partitions {first} to {last}."


def class_of(error: "SerializableErrorInfo | None") -> str | None:
    """The name of the error's class, which Dagster has wrapped; nothing where it has none."""
    while error is not None and error.cause is not None and (error.cls_name or "").startswith("Dagster"):
        error = error.cause
    name = (error.cls_name if error else None) or ""
    return name if re.fullmatch(r"\w{1,80}", name, re.ASCII) else None
