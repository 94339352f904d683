"""Profiles by plain pandas and networkx, as they are written first: a graph filled row by row, a function for each way
of merging that is called with the values of one profile. Nothing is tuned; vectorised_profiles.py is the same, tuned.

A program: {"folder": Parquet files of the streams, "mapping": the rules, "role_mailboxes": […], "result": a file} as
JSON on standard input; writes one row a profile, `profile` being the smallest of its identifiers, and prints what it
took as one line of JSON. An email that is malformed or a role's is a value, but joins nobody.
"""

import re
from collections.abc import Iterator

import networkx as nx
import pandas as pd
from company import EMAIL, print_profiles

MERGES = {
    "latest": lambda values: values.iloc[-1],
    "min": "min",
    "max": "max",
    "set": lambda values: sorted(values.unique()),
}
"""What each way of merging makes of the values of one profile, which are in order of time."""


def join_rows(
    views: dict[str, pd.DataFrame], mapping: list[dict], role_mailboxes: list[str]
) -> dict[str, pd.DataFrame]:
    """The living rows, each with its profile: connected components of identifiers that stand in one row."""
    graph = nx.Graph()
    first = {}
    for stream, frame in views.items():
        columns = identifier_columns(stream, frame, mapping)
        first[stream] = []
        for row in frame.itertuples():
            said = list(identifiers(row, columns, role_mailboxes))
            nx.add_path(graph, said)
            first[stream].append(said[0] if said else None)
    profile_of = {}
    for component in nx.connected_components(graph):
        profile = min(component)
        for identifier in component:
            profile_of[identifier] = profile
    placed = {}
    for stream, frame in views.items():
        frame = frame.assign(profile=[profile_of.get(identifier) for identifier in first[stream]])
        placed[stream] = frame[frame["_deleted_at"].isna() & frame["profile"].notna()]
    return placed


def identifier_columns(stream: str, frame: pd.DataFrame, mapping: list[dict]) -> list[tuple[str, str]]:
    """The kind and the column of each identifier that a row of the stream can carry."""
    columns = [
        (rule["user_field"], rule["field"]) for rule in mapping if rule["stream"] == stream and rule["identifier"]
    ]
    if "ConvertedContactId" in frame:
        columns.append(("salesforce_contact_ids", "ConvertedContactId"))
    if "MasterRecordId" in frame:
        own = "salesforce_lead_ids" if stream == "salesforce_leads" else "salesforce_contact_ids"
        columns.append((own, "MasterRecordId"))
    return columns


def identifiers(row: tuple, columns: list[tuple[str, str]], role_mailboxes: list[str]) -> Iterator[str]:
    """What a row says that joins it to others, as nodes of the graph."""
    for kind, column in columns:
        value = getattr(row, column)
        if pd.isna(value):
            continue
        if kind == "email":
            value = clean_email(value)
            mailbox = value.split("@")[0].split("+")[0]
            if not re.fullmatch(EMAIL, value) or mailbox in role_mailboxes:
                continue
        yield f"{kind}:{value}"


def merge_values(views: dict[str, pd.DataFrame], mapping: list[dict]) -> pd.DataFrame:
    """One column a user field: the values of all its rules in order of time, merged profile by profile."""
    profiles = pd.concat([frame["profile"] for frame in views.values()]).unique()
    table = pd.DataFrame(index=pd.Index(profiles, name="profile"))
    for field in dict.fromkeys(rule["user_field"] for rule in mapping):
        rules = [rule for rule in mapping if rule["user_field"] == field]
        said = []
        for rule in rules:
            frame = views[rule["stream"]]
            values = clean(frame[rule["field"]], rule["clean"])
            said.append(pd.DataFrame({"profile": frame["profile"], "at": frame["_changed_at"], "value": values}))
        in_order = pd.concat(said).dropna(subset="value").sort_values("at")
        table[field] = in_order.groupby("profile")["value"].agg(MERGES[rules[0]["merge"]])
    return table.reset_index()


def clean(values: pd.Series, how: str) -> pd.Series:
    if how == "email":
        return values.dropna().map(clean_email)
    if how == "emaildomain":
        return values.dropna().map(email_domain)
    return values


def clean_email(value: str) -> str:
    return value.strip().lower()


def email_domain(value: str) -> str | None:
    email = clean_email(value)
    return email.split("@")[1] if re.fullmatch(EMAIL, email) else None


if __name__ == "__main__":
    print_profiles(join_rows, merge_values)
