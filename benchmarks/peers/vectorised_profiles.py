"""Profiles by pandas and networkx, vectorised by hand: whole columns at once, a groupby for each way of merging.

A program: {"folder": Parquet files of the streams, "mapping": the rules, "role_mailboxes": […], "result": a file} as
JSON on standard input; writes one row a profile, `profile` being the smallest of its identifiers, and prints what it
took as one line of JSON. An email that is malformed or a role's is a value, but joins nobody.
"""

import networkx as nx
import pandas as pd
from company import EMAIL, print_profiles


def join_rows(
    views: dict[str, pd.DataFrame], mapping: list[dict], role_mailboxes: list[str]
) -> dict[str, pd.DataFrame]:
    """The living rows, each with its profile: connected components of identifiers that stand in one row."""
    graph = nx.Graph()
    names = {}
    for stream, frame in views.items():
        columns = []
        for rule in (rule for rule in mapping if rule["stream"] == stream and rule["identifier"]):
            frame[rule["value"]] = clean(frame[rule["field"]], rule["clean"])
            columns.append(node(frame[rule["value"]], rule, role_mailboxes))
        links = [column for column in ("ConvertedContactId", "MasterRecordId") if column in frame]
        for link in links:
            kind = "salesforce_lead_ids" if (stream, link) == ("salesforce_leads", "MasterRecordId") else None
            columns.append((kind or "salesforce_contact_ids") + ":" + frame[link])
        first = columns[0]
        for column in columns[1:]:
            first = first.fillna(column)
        names[stream] = first
        graph.add_nodes_from(first[frame["_deleted_at"].isna()].dropna().unique())
        for column in columns[1:]:
            edges = pd.DataFrame({"one": first, "other": column}).dropna().drop_duplicates()
            edges = edges[edges["one"] != edges["other"]]
            graph.add_edges_from(zip(edges["one"], edges["other"], strict=True))
    profile_of = {}
    for component in nx.connected_components(graph):
        smallest = min(component)
        profile_of.update(dict.fromkeys(component, smallest))
    placed = {}
    for stream, frame in views.items():
        alive = frame["_deleted_at"].isna()
        placed[stream] = frame[alive].assign(profile=names[stream][alive].map(profile_of))
        placed[stream] = placed[stream].dropna(subset="profile").sort_values("_changed_at")
    return placed


def merge_values(views: dict[str, pd.DataFrame], mapping: list[dict]) -> pd.DataFrame:
    """One column a user field: for each field the values of all its rules, or for many fields of one stream at once."""
    profiles = pd.Index(pd.concat([frame["profile"] for frame in views.values()]).unique(), name="profile")
    by_field: dict[str, list[dict]] = {}
    for rule in mapping:
        by_field.setdefault(rule["user_field"], []).append(rule)
    merged = []
    for stream, frame in views.items():
        grouped = frame.groupby("profile", sort=False)
        for merge, how in (("latest", "last"), ("min", "min"), ("max", "max")):
            alone = {
                rules[0]["user_field"]: rules[0]["field"]
                for rules in by_field.values()
                if len(rules) == 1 and rules[0]["stream"] == stream and rules[0]["merge"] == merge
            }
            if alone:
                found = grouped[list(dict.fromkeys(alone.values()))].agg(how)
                merged.append(pd.DataFrame({field: found[column] for field, column in alone.items()}))
    for field, rules in by_field.items():
        if len(rules) == 1 and rules[0]["merge"] != "set":
            continue
        said = pd.concat(
            [
                views[rule["stream"]][["profile", "_changed_at"]].assign(value=value_of(views[rule["stream"]], rule))
                for rule in rules
            ]
        ).dropna(subset="value")
        merge = rules[0]["merge"]
        if merge == "set":
            said = said[["profile", "value"]].drop_duplicates().sort_values("value")
            merged.append(said.groupby("profile", sort=False)["value"].agg(list).rename(field))
        else:
            how = {"latest": "last"}.get(merge, merge)
            said = said.sort_values("_changed_at")
            merged.append(said.groupby("profile", sort=False)["value"].agg(how).rename(field))
    return pd.concat([each.reindex(profiles) for each in merged], axis=1).reset_index()


def value_of(frame: pd.DataFrame, rule: dict) -> pd.Series:
    return frame[rule["value"]] if rule["identifier"] else clean(frame[rule["field"]], rule["clean"])


def clean(values: pd.Series, how: str) -> pd.Series:
    if how == "email":
        return values.str.strip().str.lower()
    if how == "emaildomain":
        email = values.str.strip().str.lower()
        return email.where(email.str.fullmatch(EMAIL).fillna(False).astype(bool)).str.split("@").str[1]
    return values


def node(values: pd.Series, rule: dict, role_mailboxes: list[str]) -> pd.Series:
    """The identifier as a node of the graph; none where it may not join rows."""
    named = rule["user_field"] + ":" + values
    if rule["clean"] != "email":
        return named
    sound = values.str.fullmatch(EMAIL).fillna(False).astype(bool)
    mailbox = values.str.split("@").str[0].str.split("+").str[0]
    return named.where(sound & ~mailbox.isin(role_mailboxes))


if __name__ == "__main__":
    print_profiles(join_rows, merge_values)
