"""The nine scores by pandas, as an analyst would write them: vectorised, after the formulas of docs/scores.md.

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

DAY = 86_400_000_000
USUAL_GAP = 28


def main() -> None:
    given = json.loads(sys.stdin.read())
    began = time.perf_counter()
    folder = Path(given["folder"])
    events = pd.read_parquet(folder / "events.parquet")
    rows = len(events)
    events = events.merge(pd.read_parquet(folder / "cookies.parquet"), on="anonymous_id")
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
    waited = (given["now_us"] - by_person["ends"].transform("max")) // DAY
    age = waited + (by_person["begins"].transform("max") - sessions["begins"] + DAY // 2) // DAY
    days = sessions.assign(age=age).groupby(["profile_id", "age"], as_index=False)["events"].sum()
    days = days.sort_values(["profile_id", "age"])
    person = days.groupby("profile_id")
    days["gap"] = person["age"].diff()
    days["place"] = person.cumcount() + 1
    days["active_days"] = person["age"].transform("size")
    latest = np.minimum(np.ceil(days["active_days"] / 4), 8)
    days["is_current"] = days["place"] <= latest

    person = days.groupby("profile_id")
    found = person.agg(active_days=("age", "size"), events=("events", "sum"), first=("age", "max"), last=("age", "min"))
    gaps = person["gap"]
    usual = gaps.median().fillna(USUAL_GAP).clip(1, 90)
    of_current = days[days["place"] <= latest + 1].groupby("profile_id")["gap"].median().fillna(USUAL_GAP)
    current = days[days["is_current"]].groupby("profile_id").agg(events=("events", "sum"), age=("age", "max"))
    earlier = days[~days["is_current"]].groupby("profile_id")["events"].sum()

    by_person = sessions.assign(log=np.log(sessions["events"])).groupby("profile_id")
    count, mean = by_person.size(), by_person["events"].mean()
    spread = by_person["events"].std(ddof=0).where(count > 1)
    of_day = days["profile_id"].map(usual)
    kept = np.exp(-(days["age"] - of_day).clip(lower=0) / (3 * of_day)).groupby(days["profile_id"]).sum()
    presence = (1 - np.exp(-found["active_days"] / 3)) / (1 - np.exp(-1 / 3))
    overdue = found["last"] + 1 - of_current
    rate = current["events"] / (current["age"] + 1 + (of_current - found["last"] - 1).clip(lower=0))
    rate *= np.exp(-overdue.clip(lower=0) / (3 * usual))
    before = (earlier / (found["first"] - current["age"])).fillna(found["events"] / USUAL_GAP)
    steady = 1 / (1 + gaps.std(ddof=0) / gaps.mean())
    shares = {
        "quantity": share_below(found["events"]),
        "frequency": share_below(count / np.maximum(found["first"] + 1, 28)),
        "recency": np.minimum(1, kept / presence),
        "intensity": share_below(np.exp(by_person["log"].mean()).round(9)),
        "momentum": rate / (rate + before),
        "propensity": chance_of_return(found, given["horizon_days"], given["model"]),
        "consistency": steady.where(found["active_days"] > 2),
        "maturity": 1 - 2 ** (-(found["first"] - found["last"]) / 730),
        "volatility": 1 - 1 / (1 + spread / mean),
    }
    return pd.DataFrame({name: (100 * share).round().astype("Int64") for name, share in shares.items()}).reset_index()


def share_below(values: pd.Series) -> pd.Series:
    if len(values) == 1:
        return values * 0 + 0.5
    return (values.rank(method="min") - 1) / (len(values) - 1)


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
