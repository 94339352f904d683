"""The streams of the made-up company as pandas reads them, for the plain and the vectorised profiles."""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd

EMAIL = r"[^\s@,;:<>()\[\]\\\"]+@[^\s@.,;:<>()\[\]\\\"]+(?:\.[^\s@.,;:<>()\[\]\\\"]+)+"


def print_profiles(
    join_rows: Callable[[dict[str, pd.DataFrame], list[dict], list[str]], dict[str, pd.DataFrame]],
    merge_values: Callable[[dict[str, pd.DataFrame], list[dict]], pd.DataFrame],
) -> None:
    """Does what standard input asks for by these two, and prints what each step took."""
    given = json.loads(sys.stdin.read())
    began = time.perf_counter()
    streams = read_streams(Path(given["folder"]))
    rows = sum(len(frame) for frame in streams.values())
    views = make_views(streams)
    steps = {"reading": time.perf_counter() - began}
    views = join_rows(views, given["mapping"], given["role_mailboxes"])
    steps["joining"] = time.perf_counter() - began
    table = merge_values(views, given["mapping"])
    steps["merging"] = time.perf_counter() - began
    table.to_parquet(given["result"])
    print(json.dumps({"rows": rows, "seconds": time.perf_counter() - began, "steps": steps, "profiles": len(table)}))


def read_streams(folder: Path) -> dict[str, pd.DataFrame]:
    """Whole numbers stay whole where some are missing."""
    frames = {file.stem: pd.read_parquet(file) for file in sorted(folder.glob("*.parquet"))}
    return {name: frame.astype(dict.fromkeys(frame.select_dtypes("int64"), "Int64")) for name, frame in frames.items()}


def make_views(streams: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """The rows with a row for each contact of an account or opportunity; deleted ones only where they were merged."""
    views = {}
    for name in ("salesforce_leads", "salesforce_contacts"):
        frame = streams[name]
        views[name] = frame[frame["_deleted_at"].isna() | frame["MasterRecordId"].notna()]
    contacts = streams["salesforce_contacts"]
    living = contacts.loc[contacts["_deleted_at"].isna() & contacts["AccountId"].notna(), ["AccountId", "Id"]]
    accounts, opportunities = streams["salesforce_accounts"], streams["salesforce_opportunities"]
    living.columns = ["Id", "contact"]
    views["salesforce_accounts"] = accounts.merge(living, on="Id", how="left")
    primary = opportunities.loc[opportunities["ContactId"].notna(), ["Id", "ContactId"]]
    roles = streams["salesforce_opportunity_contact_roles"][["OpportunityId", "ContactId"]]
    links = pd.concat([primary, roles.rename(columns={"OpportunityId": "Id"})]).drop_duplicates()
    links.columns = ["Id", "contact"]
    views["salesforce_opportunities"] = opportunities.merge(links, on="Id", how="left")
    events = streams["web_events"]
    views["web_events"] = events.assign(_changed_at=events["occurred_at"], _deleted_at=pd.NaT)
    return views
