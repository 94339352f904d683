"""Asset checks that do not hold, as Dagster's storage has them: those that hold nothing back.

A blocking check fails its run, and is told with that.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

import dagster as dg

from sf_elt.alerts import Finding

LATEST = 20
"""Executions of a check that are searched for one that has ended."""


def failed_checks(instance: dg.DagsterInstance, repository: dg.RepositoryDefinition) -> Iterator[Finding]:
    """Of each check the latest result, where it is an error. What it checks is told, and not what it found."""
    graph = repository.asset_graph
    latest = instance.event_log_storage.get_latest_asset_check_execution_by_key(sorted(graph.asset_check_keys))
    for key, record in latest.items():
        found = record.evaluation
        if not isinstance(found, dg.AssetCheckEvaluation):  # it runs now: the result before that counts
            found = _last_result(instance, key)
        if found is None or found.passed or found.blocking or found.severity != dg.AssetCheckSeverity.ERROR:
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


def _last_result(instance: dg.DagsterInstance, key: dg.AssetCheckKey) -> dg.AssetCheckEvaluation | None:
    records = instance.event_log_storage.get_asset_check_execution_history(key, limit=LATEST)
    found = (record.evaluation for record in records)
    return next((each for each in found if isinstance(each, dg.AssetCheckEvaluation)), None)
