"""Until when an asset's work is paused, by what the sensors go by."""

from datetime import datetime

import dagster as dg

from sf_elt.components.running import pauses_of


def pause_of(instance: dg.DagsterInstance, key: dg.AssetKey) -> datetime | None:
    """In UTC; None where it is not paused."""
    return max((pause.until for pause in pauses_of(instance, key)), default=None)
