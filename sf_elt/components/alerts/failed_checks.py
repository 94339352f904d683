"""Asset checks that do not hold, as Dagster's storage has them: those that hold nothing back.

A blocking check fails its run, and is told with that.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import dagster as dg

from sf_elt.alerts import Finding

if TYPE_CHECKING:  # a type of what an instance gives, which dagster does not export
    from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecord

LATEST = 20
"""Executions of a check that are searched for one that has ended."""


def failed_checks(instance: dg.DagsterInstance, repository: dg.RepositoryDefinition) -> Iterator[Finding]:
    """Of each check the latest result, where it is an error. What it checks is told, and not what it found."""
    graph = repository.asset_graph
    latest = instance.event_log_storage.get_latest_asset_check_execution_by_key(sorted(graph.asset_check_keys))
    for key, newest in latest.items():
        has_ended = isinstance(newest.evaluation, dg.AssetCheckEvaluation)  # else it runs now: the one before counts
        record = newest if has_ended else _last_ended(instance, key)
        found = record and record.evaluation
        if record is None or not isinstance(found, dg.AssetCheckEvaluation):
            continue
        if found.passed or found.blocking or found.severity != dg.AssetCheckSeverity.ERROR:
            continue
        described = graph.get_check_spec(key).description
        yield Finding(
            kind="check",
            work=record.run_id,
            subject=f"{key.asset_key.to_user_string()}, {key.name}",
            says=f"this does not hold: {described}" if described else "it failed.",
            since=datetime.fromtimestamp(record.create_timestamp, UTC),
            occurrence=record.run_id,
            run_id=record.run_id,
        )


def _last_ended(instance: dg.DagsterInstance, key: dg.AssetCheckKey) -> "AssetCheckExecutionRecord | None":
    records = instance.event_log_storage.get_asset_check_execution_history(key, limit=LATEST)
    return next((each for each in records if isinstance(each.evaluation, dg.AssetCheckEvaluation)), None)
