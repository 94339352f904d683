"""What every asset's run has in common: progress as log events, pausing, numbers that plot, the pool of writers."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeAlias

import dagster as dg

from sf_elt.components.markdown import as_text
from sf_elt.components.partitions import KeyRange
from sf_elt.streams.progress import Progress

POOL = "duckdb"
"""Dagster's pool that orders the writers of the warehouse; dagster.yaml gives it one slot."""

PAUSED_UNTIL = "paused_until"
"""Metadata of the observation that a paused run leaves; the resume sensors look for it."""

PAUSED_FIRST, PAUSED_LAST = "first_partition", "last_partition"
"""Metadata of the same: the partitions that somebody asked for, which may have been read before."""

PAUSED_ASKED_AT = "asked_at"
"""Metadata of the same: when somebody asked for it; what has been read since then need not be read again."""

PAUSED_CONFIG = "config"
"""Metadata of the same, where the run was configured: what stood under `ops` for the asset."""

IMPORT, WINDOW = "sf_elt/import", "sf_elt/window"
"""Tags of a run that a schedule or a resume sensor asked for: the import's name, and which partitions."""

ONLY_NEW = "sf_elt/only_new"
"""Tag of a run, "true" where a schedule or a resume sensor asked for it: what has been read already may be left out."""

ASKED_AT = "sf_elt/asked_at"
"""Tag of a run that goes on with what a person asked for and a pause held up: when that was (ISO, UTC)."""

OBSERVATIONS = 50
"""How many of an asset's latest observations are searched for a pause."""

MATERIALIZATIONS = 500
"""How many of the latest times that a partition was made are searched for the end of a person's pause."""

if TYPE_CHECKING:
    Materialized: TypeAlias = dg.MaterializeResult[None]
else:
    Materialized = dg.MaterializeResult  # in an asset's signature Dagster knows the bare class only

Number = int | float | datetime | str | None

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


def table_columns(columns: Mapping[str, str], comments: Mapping[str, str] | None = None) -> dg.TableSchema:
    """The column schema of a table, from column → DuckDB type, and column → what it holds."""
    told = comments or {}
    return dg.TableSchema(
        columns=[dg.TableColumn(name, kind, as_text(told.get(name) or "") or None) for name, kind in columns.items()]
    )


def range_tags(partitions: KeyRange, asked_at: datetime | None = None) -> dict[str, str]:
    """The tags of a run over these partitions; of one that goes on with what was asked for at that time."""
    first, last = partitions
    since = {ASKED_AT: asked_at.isoformat()} if asked_at else {}
    return since | {
        "dagster/asset_partition_range_start": first,
        "dagster/asset_partition_range_end": last,
        WINDOW: first if first == last else f"{first} to {last}",
    }


@dataclass(frozen=True)
class Paused:
    """Work on an asset that goes on after `until` (UTC): on these partitions, or on whatever has not been done yet.

    `asked_at` is when somebody asked for those partitions, `ops` how the run configured it, `reason` a clause.
    """

    until: datetime
    partitions: KeyRange | None
    asked_at: datetime | None = None
    ops: Mapping[str, object] = field(default_factory=dict)
    reason: str = ""


def note_pause(context: dg.AssetExecutionContext, key: dg.AssetKey, until: datetime, reason: str) -> None:
    """Says on the asset that its work goes on by itself after `until`: of a person's run, on its very partitions.

    What the run was told in its configuration (`accept_many`) is told to the one that goes on.
    """
    context.log.warning(f"{key.to_user_string()}: paused until {until:%Y-%m-%d %H:%M} UTC. {reason}")
    asked: dict[str, str | dg.MetadataValue] = {}
    if context.has_partition_key_range or context.has_partition_key:
        keys = context.partition_keys
        if context.run.tags.get(ONLY_NEW) != "true":
            at = (asked_at(context) or _began_at(context)).isoformat()
            asked |= {PAUSED_FIRST: keys[0], PAUSED_LAST: keys[-1], PAUSED_ASKED_AT: at}
    name = context.assets_def.node_def.name
    told = context.run.run_config.get("ops")
    if isinstance(told, Mapping) and name in told:
        asked[PAUSED_CONFIG] = dg.MetadataValue.json({name: told[name]})
    context.log_event(
        dg.AssetObservation(
            asset_key=key,
            description=f"paused until {until:%H:%M} UTC",
            metadata={PAUSED_UNTIL: dg.MetadataValue.timestamp(until), "reason": reason, **asked},
        )
    )


def asked_at(context: dg.AssetExecutionContext) -> datetime | None:
    """When a person asked for what this run goes on with; None where it is no run that goes on with something."""
    told = context.run.tags.get(ASKED_AT)
    return datetime.fromisoformat(told) if told else None


def _began_at(context: dg.AssetExecutionContext) -> datetime:
    """When the run was made (UTC)."""
    record = context.instance.get_run_record_by_id(context.run.run_id)
    if record is None:
        raise dg.DagsterInvariantViolationError(f"Dagster's storage does not know its own run {context.run.run_id}")
    made: datetime = record.create_timestamp
    return made.astimezone(UTC)


def holds_so_far(key: dg.AssetKey, check: str, reason: str) -> dg.AssetCheckResult:
    """The result of a check on work that paused before there was anything that could break it."""
    return dg.AssetCheckResult(asset_key=key, check_name=check, passed=True, description=as_text(reason))


def pauses_of(instance: dg.DagsterInstance, key: dg.AssetKey) -> list[Paused]:
    """The pauses that have not been ended, the latest of each kind: by its partitions, or by none.

    What the asset's work is made in ends its pause. Observations of another kind, such as a dry run's, end none. What a
    run was told that paused earlier counts as well.
    """
    latest: dict[KeyRange | None, Paused] = {}
    for record in instance.fetch_observations(key, limit=OBSERVATIONS).records:
        paused = _paused(record.asset_observation)
        later = latest.get(paused.partitions) if paused is not None else None
        if paused is None or (later is not None and (later.ops or not paused.ops)):
            continue
        if not _is_made_since(instance, key, paused.partitions, record.storage_id):
            latest[paused.partitions] = replace(later or paused, ops=paused.ops)
    return list(latest.values())


def _paused(observation: dg.AssetObservation | None) -> Paused | None:
    if observation is None:
        return None
    until = observation.metadata.get(PAUSED_UNTIL)
    if not isinstance(until, dg.TimestampMetadataValue):
        return None
    first, last, at = (_text(observation, name) for name in (PAUSED_FIRST, PAUSED_LAST, PAUSED_ASKED_AT))
    partitions = KeyRange(first, last) if first and last else None
    config = observation.metadata.get(PAUSED_CONFIG)
    ops = config.data if isinstance(config, dg.JsonMetadataValue) and isinstance(config.data, Mapping) else {}
    asked = datetime.fromisoformat(at) if at else None
    return Paused(datetime.fromtimestamp(until.value, UTC), partitions, asked, ops, _text(observation, "reason") or "")


def _text(observation: dg.AssetObservation, name: str) -> str | None:
    value = observation.metadata.get(name)
    return value.value if isinstance(value, dg.TextMetadataValue) else None


def _is_made_since(
    instance: dg.DagsterInstance, key: dg.AssetKey, partitions: KeyRange | None, storage_id: int
) -> bool:
    """Whether the asset has been made after that event: any of it, or both ends of its partitions as a person asked.

    What a schedule's run adds to the partition of today is no end of reading it again.
    """
    if partitions is None:
        return bool(_made_by(instance, dg.AssetRecordsFilter(key, after_storage_id=storage_id), limit=1))
    return all(
        _is_any_whole(
            instance,
            _made_by(
                instance,
                dg.AssetRecordsFilter(key, asset_partitions=[each], after_storage_id=storage_id),
                limit=MATERIALIZATIONS,
            ),
        )
        for each in partitions
    )


def _made_by(instance: dg.DagsterInstance, wanted: dg.AssetRecordsFilter, *, limit: int) -> set[str]:
    """The runs that made it."""
    return {record.run_id for record in instance.fetch_materializations(wanted, limit=limit).records}


def _is_any_whole(instance: dg.DagsterInstance, run_ids: set[str]) -> bool:
    """Whether one of the runs did not leave out what had been read already."""
    if not run_ids:
        return False
    return any(run.tags.get(ONLY_NEW) != "true" for run in instance.get_runs(dg.RunsFilter(run_ids=list(run_ids))))
