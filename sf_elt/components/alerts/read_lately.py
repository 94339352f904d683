"""Up to when streams have been read, as Dagster's own storage has it: while a run holds the warehouse."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import dagster as dg

from sf_elt.components.keys import stream_key

LATEST = 20
"""Materializations of a stream that are looked at: of a run over many partitions, one says how far it read."""


def read_lately(instance: dg.DagsterInstance, streams: Sequence[str]) -> Mapping[str, datetime]:
    """By stream; without those that were never made."""
    found = {each: _read_to(instance, stream_key(each)) for each in streams}
    return {stream: at for stream, at in found.items() if at is not None}


def _read_to(instance: dg.DagsterInstance, key: dg.AssetKey) -> datetime | None:
    """As its numbers say; files of events have been read when the asset was made."""
    records = instance.fetch_materializations(key, limit=LATEST).records
    told = [
        datetime.fromtimestamp(at.value, UTC)
        for each in records
        if each.asset_materialization is not None
        and isinstance(at := each.asset_materialization.metadata.get("read_to"), dg.TimestampMetadataValue)
    ]
    made = [datetime.fromtimestamp(each.timestamp, UTC) for each in records]
    return max(told or made, default=None)
