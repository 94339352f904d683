"""What every asset's run has in common: progress as log events, pausing, numbers that plot, the pool of writers."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeAlias

import dagster as dg

POOL = "duckdb"
"""Dagster's pool that orders the writers of the warehouse; dagster.yaml gives it one slot."""

PAUSED_UNTIL = "paused_until"
"""Metadata of the observation that a paused run leaves; the resume sensors look for it."""

IMPORT, WINDOW = "sf_elt/import", "sf_elt/window"
"""Tags of a run that a schedule or a resume sensor asked for: the import's name, and which partitions."""

ONLY_NEW = "sf_elt/only_new"
"""Tag of a run, "true" where a schedule or a resume sensor asked for it: what has been read already may be left out."""

OBSERVATIONS = 50
"""How many of an asset's latest observations are searched for a pause."""

if TYPE_CHECKING:
    Materialized: TypeAlias = dg.MaterializeResult[None]
else:
    Materialized = dg.MaterializeResult  # in an asset's signature Dagster knows the bare class only

Number = int | float | datetime | str | None
Progress = Callable[[str, int, int | None], None]


_watcher: ContextVar[Progress | None] = ContextVar("watcher", default=None)


@contextmanager
def watched_by(watcher: Progress) -> Iterator[None]:
    """Tells `watcher` too of the progress of every asset that runs in this thread until the end of the block."""
    token = _watcher.set(watcher)
    try:
        yield
    finally:
        _watcher.reset(token)


def log_progress(context: dg.AssetExecutionContext, every: float = 3.0) -> Progress:
    """Turns a room's progress into log events, at most one in `every` seconds for the same thing."""
    last: dict[str, float] = {}
    watcher = _watcher.get()

    def progress(what: str, done: int, total: int | None) -> None:
        if watcher is not None:
            watcher(what, done, total)
        now = time.monotonic()
        if done == total or now - last.get(what, float("-inf")) >= every:
            last[what] = now
            of_total = "" if total is None else f" of {total:,}"
            context.log.info(f"{what}: {done:,}{of_total}")

    return progress


def numbers(values: Mapping[str, Number]) -> dict[str, dg.MetadataValue]:
    """Metadata of a materialization: numbers plot over time in the UI, datetimes show in the reader's time zone."""
    shown: dict[str, dg.MetadataValue] = {}
    for name, value in values.items():
        if isinstance(value, datetime):
            shown[name] = dg.MetadataValue.timestamp(value)
        elif isinstance(value, float):
            shown[name] = dg.MetadataValue.float(round(value, 3))
        elif isinstance(value, int):
            shown[name] = dg.MetadataValue.int(value)
        elif value is not None:
            shown[name] = dg.MetadataValue.text(value)
    return shown


def table_columns(columns: Mapping[str, str]) -> dg.TableSchema:
    """The column schema of a table, from column → DuckDB type."""
    return dg.TableSchema(columns=[dg.TableColumn(name, kind) for name, kind in columns.items()])


def note_pause(context: dg.AssetExecutionContext, key: dg.AssetKey, until: datetime, reason: str) -> None:
    """Says on the asset that its work goes on by itself after `until`."""
    context.log.warning(f"{key.to_user_string()}: paused until {until:%Y-%m-%d %H:%M} UTC. {reason}")
    context.log_event(
        dg.AssetObservation(
            asset_key=key,
            description=f"paused until {until:%H:%M} UTC",
            metadata={PAUSED_UNTIL: dg.MetadataValue.timestamp(until), "reason": reason},
        )
    )


def holds_so_far(key: dg.AssetKey, check: str, reason: str) -> dg.AssetCheckResult:
    """The result of a check on work that paused before there was anything that could break it."""
    return dg.AssetCheckResult(asset_key=key, check_name=check, passed=True, description=reason)


def pause_of(instance: dg.DagsterInstance, key: dg.AssetKey) -> datetime | None:
    """Until when the asset's work is paused (UTC), or None where it is not: it never was, or was made since.

    Observations of another kind, such as a dry run's, end no pause.
    """
    made = instance.fetch_materializations(key, limit=1).records
    since = made[0].storage_id if made else 0
    for record in instance.fetch_observations(key, limit=OBSERVATIONS).records:
        if record.storage_id < since:
            return None
        observation = record.asset_observation
        value = observation.metadata.get(PAUSED_UNTIL) if observation else None
        if isinstance(value, dg.TimestampMetadataValue):
            return datetime.fromtimestamp(value.value, UTC)
    return None
