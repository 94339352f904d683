"""Schedules and sensors whose ticks fail: what they would start does not run."""

from collections.abc import Iterator
from datetime import UTC, datetime

import dagster as dg

from sf_elt.alerts import Finding
from sf_elt.components.alerts.failed_runs import class_of
from sf_elt.components.status.timetable import last_ticks

IN_A_ROW = 3
"""So many ticks of a sensor fail before it is told: the next one is a moment away."""


def failed_ticks(instance: dg.DagsterInstance, repository: dg.RepositoryDefinition) -> Iterator[Finding]:
    """Each schedule whose last tick failed, and each sensor whose last three did; of those that are switched on."""
    schedules = {each.name for each in repository.schedule_defs}
    sensors = {each.name for each in repository.sensor_defs}
    for state in instance.all_instigator_state() if instance.schedule_storage is not None else ():
        name, is_schedule = state.instigator_name, state.instigator_type.value == "SCHEDULE"
        if not state.is_running or name not in (schedules if is_schedule else sensors):
            continue
        needed = 1 if is_schedule else IN_A_ROW
        ticks = last_ticks(instance, state, needed)
        if len(ticks) == needed and all(each.is_failure for each in ticks):
            kind = "schedule" if is_schedule else "sensor"
            times = "its last tick" if is_schedule else f"its last {needed} ticks"
            since = datetime.fromtimestamp(ticks[-1].timestamp, UTC)
            says = f"{times} failed: {class_of(ticks[0].error) or 'an error'}."
            yield Finding("tick", "ticks", f"{kind} {name}", says, since)
