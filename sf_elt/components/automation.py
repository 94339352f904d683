"""When things run by themselves: imports on a schedule, what depends on them after new data, paused work afterwards."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import dagster as dg
from dagster import AutomationCondition as When

from sf_elt.components.frequency import Timetable
from sf_elt.components.keys import PROFILES, UPKEEP
from sf_elt.components.partitions import KeyRange
from sf_elt.components.running import Paused, pauses_of, range_tags

if TYPE_CHECKING:  # the type of what define_asset_job gives, which dagster does not export
    from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

DAILY = "0 5 * * *"
"""When what is made daily is made, in UTC."""

Requests = Callable[[Sequence[dg.AssetKey], datetime], Sequence[dg.RunRequest]]
"""What is to be run for these assets at that time (UTC)."""


def after_new_data() -> "When[dg.AssetKey]":
    """Once after whatever it is made from has changed, not while that is being made, not on top of a failed check."""
    failed = When.any_deps_match(When.any_checks_match(When.check_failed(), blocking_only=True))
    return (_new_data() & ~failed).with_label("after new data")


def after_any_news() -> "When[dg.AssetKey]":
    """Once after whatever it tells of has changed, failed checks or not, and daily: it tells what did not come, too."""
    daily = When.cron_tick_passed(DAILY) & ~When.missing() & ~When.in_progress()
    return (_new_data() | daily).with_label("after any news, and daily")


def _new_data() -> "When[dg.AssetKey]":
    """`eager` alone waits until no partition of an import is missing, which for history may be never: only the first
    profiles are waited for, without which nothing else can be made. Upkeep of a stream runs often and changes little:
    only what it really changed counts, which its data version says.
    """
    upkeep = dg.AssetSelection.key_prefixes(UPKEEP)
    moved = When.any_deps_updated().ignore(upkeep) | When.any_deps_match(When.data_version_changed()).allow(upkeep)
    first = When.any_deps_missing().allow(dg.AssetSelection.assets(PROFILES))
    return When.eager().without(~When.any_deps_missing()).replace("any_deps_updated", moved) & ~first


def after_checked_data() -> "When[dg.AssetKey]":
    """As `after_new_data`, and only where every blocking check of what it is made from has been made and has passed."""
    return (after_new_data() & When.all_deps_blocking_checks_passed()).with_label("after new and checked data")


def keep_updated(
    name: str,
    title: str,
    times: Timetable,
    keys: Sequence[dg.AssetKey],
    job: "UnresolvedAssetJobDefinition",
    requests: Requests,
    *,
    does: str = "Reads every window that is not complete, which is new data and what a pause or a stop left out.",
) -> dg.ScheduleDefinition:
    """The schedule that asks for what is still to be read, unless the job is at it already."""

    def tick(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
        if is_running(context.instance, job.name):
            yield dg.SkipReason(f"{job.name} is still running")
        else:
            yield from requests(keys, datetime.now(UTC))

    return dg.ScheduleDefinition(
        name=name,
        job=job,
        cron_schedule=times.cron,
        execution_fn=tick,
        execution_timezone=times.time_zone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=f"{title}, {times.words}: {does[0].lower()}{does[1:]}",
    )


def resume_when_free(
    name: str, keys: Sequence[dg.AssetKey], job: "UnresolvedAssetJobDefinition", requests: Requests
) -> dg.SensorDefinition:
    """The sensor that goes on with paused work as soon as API calls are free again."""

    def evaluate(context: dg.SensorEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
        yield from resuming(context.instance, keys, job.name, requests, datetime.now(UTC))

    return dg.SensorDefinition(
        name=name,
        job=job,
        evaluation_fn=evaluate,
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Goes on with {job.name} where it ran out of API calls, once calls are free again.",
    )


def resuming(
    instance: dg.DagsterInstance, keys: Sequence[dg.AssetKey], job: str, requests: Requests, now: datetime
) -> Sequence[dg.RunRequest | dg.SkipReason]:
    """What a tick at `now` asks for: runs of the paused assets once all their pauses are over, or why there is none.

    A person's run is asked for as it was, of the very same partitions, whether they have been read before or not, and
    configured as it was. Each pause is gone on with once: a run that fails of something else is not begun again every
    minute.
    """
    pauses = {key: paused for key in keys if (paused := pauses_of(instance, key))}
    if not pauses:
        return [dg.SkipReason("nothing is paused")]
    if (until := max(each.until for paused in pauses.values() for each in paused)) > now:
        return [dg.SkipReason(f"paused until {until:%Y-%m-%d %H:%M} UTC")]
    if is_running(instance, job):
        return [dg.SkipReason(f"{job} is running")]
    again: dict[tuple[KeyRange, datetime | None], dict[dg.AssetKey, Paused]] = {}
    others: dict[dg.AssetKey, Paused] = {}
    for key, paused in pauses.items():
        for each in paused:
            same = others if each.partitions is None else again.setdefault((each.partitions, each.asked_at), {})
            same[key] = each
    asked = [
        _as_told(dg.RunRequest(asset_selection=list(same), tags=range_tags(partitions, asked_at)), same)
        for (partitions, asked_at), same in sorted(again.items(), key=lambda each: each[0][0])
    ]
    asked += [_as_told(each, others) for each in requests(list(others), now)] if others else []
    return [each.with_replaced_attrs(run_key=f"{until.isoformat()} {number}") for number, each in enumerate(asked)]


def _as_told(request: dg.RunRequest, pauses: Mapping[dg.AssetKey, Paused]) -> dg.RunRequest:
    """The request with what the paused runs were told of its assets."""
    selected = pauses if request.asset_selection is None else request.asset_selection
    ops = {name: own for key in selected if key in pauses for name, own in pauses[key].ops.items()}
    return request.with_replaced_attrs(run_config={"ops": ops}) if ops else request


def is_running(instance: dg.DagsterInstance, job: str) -> bool:
    """Whether a run of the job is queued, starting, going on or being cancelled."""
    open_states = [
        dg.DagsterRunStatus.QUEUED,
        dg.DagsterRunStatus.NOT_STARTED,
        dg.DagsterRunStatus.STARTING,
        dg.DagsterRunStatus.STARTED,
        dg.DagsterRunStatus.CANCELING,
    ]
    return bool(instance.get_runs(dg.RunsFilter(job_name=job, statuses=open_states), limit=1))
