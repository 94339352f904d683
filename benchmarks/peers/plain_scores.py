"""The nine scores by plain pandas, as they are written first: docs/scores.md as a function that is called with the
events of one person. Nothing is tuned; vectorised_scores.py is the same, tuned.

A program: {"folder": with events.parquet and cookies.parquet, "now_us", "pause_us", "horizon_days", "model": r, alpha,
a, b or null, "result": a file} as JSON on standard input; writes one row a profile and prints what it took as one line
of JSON. It is given the model of who returns, which ours has to fit.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
from behaviour import USUAL_GAP, as_scores, read_events, share_below

DAY = pd.Timedelta(days=1)
AGAINST_ALL = ["quantity", "frequency", "intensity"]


def main() -> None:
    given = json.loads(sys.stdin.read())
    began = time.perf_counter()
    now, pause = pd.Timestamp(given["now_us"], unit="us"), pd.Timedelta(given["pause_us"], unit="us")
    events, rows = read_events(Path(given["folder"]))
    events = events[events["occurred_at"] <= now].sort_values("occurred_at")
    people = events.groupby("profile_id")[["occurred_at"]]
    shares = people.apply(measure, now=now, pause=pause, horizon=given["horizon_days"], model=given["model"])
    for name in AGAINST_ALL:
        shares[name] = share_below(shares[name])
    scores = as_scores(shares)
    scores.to_parquet(given["result"])
    print(json.dumps({"rows": rows, "seconds": time.perf_counter() - began, "profiles": len(scores)}))


def measure(
    events: pd.DataFrame, now: pd.Timestamp, pause: pd.Timedelta, horizon: float, model: dict | None
) -> pd.Series:
    """The nine measures of one person, whose events are in order of time."""
    sessions = find_sessions(events["occurred_at"], pause)
    days = find_active_days(sessions, now)
    ages = days.index.to_series()
    first, last = ages.max(), ages.min()
    gaps = ages.diff().dropna()
    usual = usual_gap(gaps)
    return pd.Series(
        {
            "quantity": days["events"].sum(),
            "frequency": len(sessions) / max(28, first + 1),
            "recency": recency(ages, usual),
            "intensity": round(np.exp(np.log(sessions["events"]).mean()), 9),
            "momentum": momentum(days, usual),
            "propensity": chance_of_return(len(days) - 1, first - last, first, horizon, model),
            "consistency": 1 / (1 + gaps.std(ddof=0) / gaps.mean()) if len(days) > 2 else np.nan,
            "maturity": 1 - 2 ** (-(first - last) / 730),
            "volatility": volatility(sessions["events"]),
        }
    )


def find_sessions(times: pd.Series, pause: pd.Timedelta) -> pd.DataFrame:
    """One row a session: when it began and ended, and its events."""
    number = (times.diff() > pause).cumsum()
    return times.groupby(number).agg(begins="min", ends="max", events="size")


def find_active_days(sessions: pd.DataFrame, now: pd.Timestamp) -> pd.DataFrame:
    """Each active day by its age in days, the newest first: its events, and when its first and last session began.

    These times are days before the last session of all.
    """
    waited = max(0, (now.floor("D") - sessions["ends"].max()) // DAY)
    before = sessions["begins"].max() - sessions["begins"]
    sessions = sessions.assign(before=before / DAY)
    by_age = sessions.groupby(waited + (before + DAY / 2) // DAY)
    return by_age.agg(events=("events", "sum"), first=("before", "max"), last=("before", "min"))


def usual_gap(gaps: pd.Series) -> float:
    """The newest gap may be the end of an absence."""
    if len(gaps) > 1:
        return np.clip(gaps.iloc[1:].median(), 1, 90)
    return min(gaps.iloc[0], USUAL_GAP) if len(gaps) else USUAL_GAP


def recency(ages: pd.Series, usual: float) -> float:
    """Each absence takes away a part of what there is, and each active day brings back a part of what is missing."""
    of_missing = 1 - np.exp(-1 / 3)
    kept = 0.0
    for place, (age, next_age) in enumerate(zip(ages[::-1], [*ages[::-1][1:], 0], strict=True)):
        kept += (1 - kept) * (of_missing if place else 1)
        kept *= np.exp(-max(0, age - next_age - 1.25 * usual) / (3 * usual))
    return kept


def momentum(days: pd.DataFrame, usual: float) -> float:
    latest = min(int(np.ceil(len(days) / 4)), 8)
    current, earlier = days.iloc[:latest], days.iloc[latest:]
    pauses = (days["last"] - days["first"].shift()).iloc[1 : latest + 1]
    due = pauses.median() if len(pauses) else USUAL_GAP
    waited, since = days.index.min(), current["first"].max()
    rate = current["events"].sum() / (since + max(due, waited)) * np.exp(-max(0, waited - due) / (3 * usual))
    if len(earlier):
        before = earlier["events"].sum() / (earlier["first"].max() - since)
    else:
        before = days["events"].sum() / (since + USUAL_GAP)
    return rate / (rate + before)


def volatility(events: pd.Series) -> float:
    return 1 - 1 / (1 + events.std(ddof=0) / events.mean()) if len(events) > 1 else np.nan


def chance_of_return(x: int, t_x: float, t: float, horizon: float, model: dict | None) -> float:
    if model is None:
        return np.nan
    r, alpha, a, b = (model[name] for name in ("r", "alpha", "a", "b"))
    returns = 1 - np.exp(-(r + x) * np.log1p(horizon / (alpha + t)))
    if x == 0:
        return returns
    gone = np.log(a / (b + x - 1)) + (r + x) * np.log((alpha + t) / (alpha + t_x))
    return returns / (1 + np.exp(min(gone, 700)))


if __name__ == "__main__":
    main()
