"""What the assets are called: schema and table, as in the warehouse."""

import dagster as dg

PROFILES = dg.AssetKey(["profiles", "profiles"])
SCORES = dg.AssetKey(["insight", "scores"])
AUDIENCES = dg.AssetKey(["insight", "audiences"])


def stream_key(stream: str) -> dg.AssetKey:
    """The asset of a stream."""
    return dg.AssetKey(["streams", stream])


def export_key(export: str) -> dg.AssetKey:
    """The asset of an export."""
    return dg.AssetKey(["writeback", export])
