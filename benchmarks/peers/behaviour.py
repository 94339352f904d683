"""What the plain and the vectorised scores have in common: the events with their people, and a score against all."""

from pathlib import Path

import pandas as pd

USUAL_GAP = 28


def read_events(folder: Path) -> tuple[pd.DataFrame, int]:
    """When who did something, of those who are known; and how many events there are in all."""
    events = pd.read_parquet(folder / "events.parquet")
    return events.merge(pd.read_parquet(folder / "cookies.parquet"), on="anonymous_id"), len(events)


def share_below(values: pd.Series) -> pd.Series:
    """Which share of the others has less."""
    if len(values) == 1:
        return values * 0 + 0.5
    return (values.rank(method="min") - 1) / (len(values) - 1)


def as_scores(shares: pd.DataFrame) -> pd.DataFrame:
    """Shares from 0 to 1 as whole numbers from 0 to 100, `profile_id` beside them."""
    return (100 * shares).round().astype("Int64").reset_index()
