"""The nine scores by pandas, vectorised by hand: the formulas of docs/scores.md over all people at once.

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

DAY = 86_400_000_000


def main() -> None:
    given = json.loads(sys.stdin.read())
    began = time.perf_counter()
    events, rows = read_events(Path(given["folder"]))
    events = events.assign(at=events["occurred_at"].astype("datetime64[us]").astype("int64"))
    sessions = find_sessions(events[["profile_id", "at"]][events["at"] <= given["now_us"]], given["pause_us"])
    scores = score(sessions, given)
    scores.to_parquet(given["result"])
    print(json.dumps({"rows": rows, "seconds": time.perf_counter() - began, "profiles": len(scores)}))


def find_sessions(events: pd.DataFrame, pause: int) -> pd.DataFrame:
    """One row a session: whose, when it began and ended, and its events."""
    events = events.sort_values(["profile_id", "at"])
    begins = (events["profile_id"] != events["profile_id"].shift()) | (events["at"].diff() > pause)
    found = events.groupby(begins.cumsum(), sort=False)
    return found.agg(
        profile_id=("profile_id", "first"), begins=("at", "first"), ends=("at", "last"), events=("at", "size")
    )


def score(sessions: pd.DataFrame, given: dict) -> pd.DataFrame:
    by_person = sessions.groupby("profile_id")
    today = given["now_us"] // DAY * DAY
    waited = (today - by_person["ends"].transform("max")).clip(lower=0) // DAY
    before = by_person["begins"].transform("max") - sessions["begins"]
    sessions = sessions.assign(age=waited + (before + DAY // 2) // DAY, before=before / DAY)
    days = sessions.groupby(["profile_id", "age"], as_index=False).agg(
        events=("events", "sum"), first=("before", "max"), last=("before", "min")
    )
    days = days.sort_values(["profile_id", "age"])
    person = days.groupby("profile_id")
    days["gap"] = person["age"].diff()
    days["pause"] = days["last"] - person["first"].shift()
    days["place"] = person.cumcount() + 1
    days["active_days"] = person["age"].transform("size")
    latest = np.minimum(np.ceil(days["active_days"] / 4), 8)
    days["is_current"] = days["place"] <= latest

    person = days.groupby("profile_id")
    found = person.agg(active_days=("age", "size"), events=("events", "sum"), first=("age", "max"), last=("age", "min"))
    gaps = person["gap"]
    newest = gaps.max().fillna(USUAL_GAP).clip(upper=USUAL_GAP)  # counts where there is no other one
    usual = days[days["place"] > 2].groupby("profile_id")["gap"].median().reindex(found.index).fillna(newest)
    usual = usual.clip(1, 90)
    due = days[days["place"] <= latest + 1].groupby("profile_id")["pause"].median().fillna(USUAL_GAP)
    current = days[days["is_current"]].groupby("profile_id").agg(events=("events", "sum"), since=("first", "max"))
    earlier = days[~days["is_current"]].groupby("profile_id").agg(events=("events", "sum"), since=("first", "max"))

    by_person = sessions.assign(log=np.log(sessions["events"])).groupby("profile_id")
    count, mean = by_person.size(), by_person["events"].mean()
    spread = by_person["events"].std(ddof=0).where(count > 1)
    of_day = days["profile_id"].map(usual)
    late = (days["gap"].fillna(days["age"]) - 1.25 * of_day).clip(lower=0) / of_day
    lost = late.groupby(days["profile_id"]).cumsum()
    part = np.where(days["place"] == days["active_days"], 1, 1 - np.exp(-1 / 3))
    kept = (np.exp(-(days["place"] - 1 + lost) / 3) * part).groupby(days["profile_id"]).sum()
    rate = current["events"] / (current["since"] + np.maximum(due, found["last"]))
    rate *= np.exp(-(found["last"] - due).clip(lower=0) / (3 * usual))
    before = earlier["events"] / (earlier["since"] - current["since"])
    before = before.reindex(found.index).fillna(found["events"] / (current["since"] + USUAL_GAP))
    steady = 1 / (1 + gaps.std(ddof=0) / gaps.mean())
    shares = {
        "quantity": share_below(found["events"]),
        "frequency": share_below(count / np.maximum(found["first"] + 1, 28)),
        "recency": kept,
        "intensity": share_below(np.exp(by_person["log"].mean()).round(9)),
        "momentum": rate / (rate + before),
        "propensity": chance_of_return(found, given["horizon_days"], given["model"]),
        "consistency": steady.where(found["active_days"] > 2),
        "maturity": 1 - 2 ** (-(found["first"] - found["last"]) / 730),
        "volatility": 1 - 1 / (1 + spread / mean),
    }
    return as_scores(pd.DataFrame(shares))


def chance_of_return(found: pd.DataFrame, horizon: float, model: dict | None) -> pd.Series:
    if model is None:
        return pd.Series(np.nan, found.index)
    r, alpha, a, b = (model[name] for name in ("r", "alpha", "a", "b"))
    x, t_x, t = found["active_days"] - 1, found["first"] - found["last"], found["first"]
    returns = 1 - np.exp(-(r + x) * np.log1p(horizon / (alpha + t)))
    gone = np.log(a / (b + np.maximum(x, 1) - 1)) + (r + x) * np.log((alpha + t) / (alpha + t_x))
    return returns / (1 + np.exp(np.minimum(gone, 700)).where(x > 0, 0))


if __name__ == "__main__":
    main()
