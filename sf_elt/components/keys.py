"""What the assets are called: schema and table, as in the warehouse."""

import dagster as dg

PROFILES = dg.AssetKey(["profiles", "profiles"])
FUZZY_PAIRS = dg.AssetKey(["profiles", "fuzzy_pairs"])
SCORES = dg.AssetKey(["insight", "scores"])
AFFINITIES = dg.AssetKey(["insight", "affinities"])
AUDIENCES = dg.AssetKey(["insight", "audiences"])
REPORT = dg.AssetKey(["report"])
UPKEEP = "upkeep"
"""What the keys of upkeep assets begin with."""


def stream_key(stream: str) -> dg.AssetKey:
    """The asset of a stream."""
    return dg.AssetKey(["streams", stream])


def upkeep_key(stream: str, kind: str) -> dg.AssetKey:
    """The asset of what keeps a stream right beside its import: `formulas` or `reconciled`."""
    return dg.AssetKey([UPKEEP, f"{stream}_{kind}"])


def export_key(export: str) -> dg.AssetKey:
    """The asset of an export."""
    return dg.AssetKey(["writeback", export])
