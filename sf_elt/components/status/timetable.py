"""Schedules and sensors: on or off, when they run next, how their last tick went; and whether the daemon lives."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal

import dagster as dg
from dagster._utils.schedules import schedule_execution_time_iterator  # what the daemon goes by, summer time and all

from sf_elt.components.status.runs import first_line

if TYPE_CHECKING:  # types of what an instance gives, which dagster does not export
    from dagster._core.scheduler.instigation import InstigatorState, InstigatorTick

SILENT_AFTER = timedelta(minutes=3)
"""The daemon says every 30 seconds that it lives."""


@dataclass(frozen=True)
class Ticking:
    """A schedule or a sensor. `next_at` is None for a sensor, and where it is off; `failed`: why the last tick did."""

    name: str
    kind: Literal["schedule", "sensor"]
    is_on: bool
    when: str
    next_at: datetime | None
    last_at: datetime | None = None
    failed: str | None = None


@dataclass(frozen=True)
class Daemon:
    """Whether Dagster's daemon lives, without which nothing runs by itself; `errors` are what it last complained of."""

    is_alive: bool
    seen_at: datetime | None
    errors: tuple[str, ...] = ()


def tickings(
    schedules: Sequence[dg.ScheduleDefinition],
    sensors: Sequence[dg.SensorDefinition],
    instance: dg.DagsterInstance | None,
    now: datetime,
) -> tuple[Ticking, ...]:
    """All of them, in their order by name; without an instance as the code declares them."""
    states = {state.instigator_name: state for state in instance.all_instigator_state()} if instance else {}
    found = [*_schedules(schedules, states, instance, now), *_sensors(sensors, states, instance)]
    return tuple(sorted(found, key=lambda each: (each.kind, each.name)))


def daemon(instance: dg.DagsterInstance, now: datetime) -> Daemon:
    """By the latest sign of life of any of its parts."""
    beats = instance.get_daemon_heartbeats().values()
    seen = max((datetime.fromtimestamp(each.timestamp, UTC) for each in beats), default=None)
    errors = dict.fromkeys(first_line(error.message) for each in beats for error in each.errors or ())
    return Daemon(seen is not None and now - seen < SILENT_AFTER, seen, tuple(errors))


def last_ticks(instance: dg.DagsterInstance, state: "InstigatorState", number: int) -> "list[InstigatorTick]":
    """Its last ticks that have ended, the newest first; one that goes on now is none of them."""
    ticks = instance.get_ticks(state.instigator_origin_id, state.selector_id, limit=number + 1)
    return [each for each in ticks if each.is_completed][:number]


def _schedules(
    schedules: Sequence[dg.ScheduleDefinition],
    states: "dict[str, InstigatorState]",
    instance: dg.DagsterInstance | None,
    now: datetime,
) -> Iterator[Ticking]:
    for each in schedules:
        state = states.get(each.name)
        is_on = _is_on(state, each.default_status == dg.DefaultScheduleStatus.RUNNING)
        zone = each.execution_timezone or "UTC"
        cron = each.cron_schedule
        told = f"{cron if isinstance(cron, str) else ', '.join(cron)} {zone}"
        yield Ticking(
            each.name, "schedule", is_on, told, _next(cron, zone, now) if is_on else None, *_last_tick(instance, state)
        )


def _sensors(
    sensors: Sequence[dg.SensorDefinition],
    states: "dict[str, InstigatorState]",
    instance: dg.DagsterInstance | None,
) -> Iterator[Ticking]:
    for each in sensors:
        state = states.get(each.name)
        is_on = _is_on(state, each.default_status == dg.DefaultSensorStatus.RUNNING)
        told = f"every {each.minimum_interval_seconds or 30} s"
        yield Ticking(each.name, "sensor", is_on, told, None, *_last_tick(instance, state))


def _is_on(state: "InstigatorState | None", by_default: bool) -> bool:
    """As somebody switched it in the UI, or as the code declares it."""
    if state is None or state.status.value == "DECLARED_IN_CODE":
        return by_default
    return bool(state.status.value == "RUNNING")


def _next(cron: str | Sequence[str], zone: str, now: datetime) -> datetime:
    times = schedule_execution_time_iterator(now.timestamp() + 1, cron, zone)
    return next(times).astimezone(UTC)


def _last_tick(
    instance: dg.DagsterInstance | None, state: "InstigatorState | None"
) -> tuple[datetime | None, str | None]:
    """When it was, and why it failed."""
    if instance is None or state is None:
        return None, None
    for tick in last_ticks(instance, state, 1):
        error = tick.error
        return datetime.fromtimestamp(tick.timestamp, UTC), first_line(error.message) if error else None
    return None, None
