"""Random histories of an org: whatever happened in whatever order, the people are those of a naive union-find."""

import random
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sf_elt.profiles import Guards, Identifier, ManualLists, Pair, check_manual
from sf_elt.warehouse import Warehouse
from sf_elt_tests.profiles.streams import (
    IDENTIFIERS,
    Row,
    build,
    contact,
    contact_id,
    event,
    lead,
    lead_id,
    people,
    put,
    rule,
    table,
)

DAY = datetime(2026, 3, 1, tzinfo=UTC)
GONE = {"deleted_at": datetime(2026, 6, 1)}
ROLE = "info@x.org"
TABLES = ("profiles", "identifiers", "links", "refused_links", "manual_links", "aliases")
FIELDS = (
    rule("salesforce_leads", "lead_status", "status"),
    rule("salesforce_leads", "lead_status", "statuses", "[]string", merge="set"),
    rule("salesforce_contacts", "contact_lead_source", "status"),
    rule("salesforce_contacts", "contact_lead_source", "said_first", merge="first"),
    rule("salesforce_leads", "right(lead_status, 1)", "said_first", merge="first"),
    rule("salesforce_leads", "right(lead_status, 1)", "endings", "map", merge="valuecount"),
    rule("salesforce_leads", "right(lead_status, 1)", "newest", "[]string", merge="set", capacity=2, keep_days=400),
)

numbers = st.integers(1, 6)
emails = st.sampled_from([None, ROLE, *(f"p{n}@x.org" for n in range(5))])
changes = st.one_of(
    st.tuples(st.just("lead"), numbers, emails, st.none() | numbers),
    st.tuples(st.just("contact"), numbers, emails, st.none()),
    st.tuples(st.just("delete lead"), numbers, st.none(), st.none()),
    st.tuples(st.just("delete contact"), numbers, st.none(), st.none()),
    st.tuples(st.just("merge contact"), numbers, st.none(), numbers),
    st.tuples(st.just("event"), numbers, emails, st.none()),
)
histories = st.lists(st.lists(changes, min_size=1, max_size=8), min_size=1, max_size=3)
identifiers = st.one_of(
    st.sampled_from([Identifier("email", f"p{n}@x.org") for n in range(5)]),
    st.builds(lambda number: Identifier("salesforce_lead_ids", lead_id(number)), numbers),
    st.builds(lambda number: Identifier("salesforce_contact_ids", contact_id(number)), numbers),
)
pairs = st.lists(st.builds(Pair, identifiers, identifiers, st.just("lists.csv:2")), max_size=4)
manual_lists = st.builds(ManualLists, pairs, pairs).filter(lambda lists: not check_manual(lists, IDENTIFIERS, Guards()))


@dataclass
class History:
    """The rows of an org after some changes."""

    leads: dict[int, dict[str, Any]] = field(default_factory=dict)
    contacts: dict[int, dict[str, Any]] = field(default_factory=dict)
    events: set[tuple[str | None, str]] = field(default_factory=set)
    changed: int = 0

    def apply(self, kind: str, number: int, email: str | None, other: int | None) -> None:
        self.changed += 1
        at = {
            "modified_at": datetime(2026, 1, 1) + timedelta(hours=self.changed // 2),
            "lead_status": str(self.changed),
        }
        if kind == "lead":
            converted = None if other is None else contact_id(other)
            self.leads[number] = {**lead(number, email, lead_converted_contact_id=converted), **at}
        elif kind == "contact":
            self.contacts[number] = {**contact(number, email, contact_lead_source=str(self.changed)), **at}
        elif kind == "event":
            self.events.add((email, f"c{number}"))
        elif kind == "delete lead" and number in self.leads:
            self.leads[number] |= GONE
        elif kind == "delete contact" and number in self.contacts:
            self.contacts[number] |= GONE
        elif kind == "merge contact" and number in self.contacts and other is not None and number != other:
            self.contacts[number] |= {**GONE, "master_record_id": contact_id(other)}

    def put(self, warehouse: Warehouse, seed: int) -> None:
        shuffled = random.Random(seed)
        leads, contacts = list(self.leads.values()), list(self.contacts.values())
        events = [event(DAY, email, cookie) for email, cookie in self.events]
        for rows in (leads, contacts, events):
            shuffled.shuffle(rows)
        put(warehouse, leads=leads, contacts=contacts, events=events)

    def identifiers(self) -> list[tuple[set[str], bool]]:
        """For each row the identifiers that it carries, and whether it is alive."""
        rows = []
        for row in self.leads.values():
            if row["deleted_at"] is None:
                rows.append((_known(row["lead_id"], row["lead_email"], row["lead_converted_contact_id"]), True))
        for row in self.contacts.values():
            alive = row["deleted_at"] is None
            if alive or row.get("master_record_id"):
                master = None if alive else row["master_record_id"]
                rows.append((_known(row["contact_id"], row["contact_email"], master), alive))
        rows += [(_known(*pair), True) for pair in self.events]
        return rows


def _known(*values: str | None) -> set[str]:
    return {value for value in values if value not in (None, ROLE)}


def naive_people(history: History, lists: ManualLists | None = None) -> set[frozenset[str]]:
    """Groups of identifiers, joined row by row; only groups with a living row count. Links of known ones are rows."""
    groups: list[tuple[set[str], bool]] = []
    rows = history.identifiers()
    known = set().union(*(identifiers for identifiers, _ in rows))
    links = [{pair.one.value, pair.other.value} for pair in lists.links] if lists else []
    for identifiers, alive in [*rows, *((link, False) for link in links if link <= known)]:
        apart = [group for group in groups if not group[0] & identifiers]
        together = [group for group in groups if group[0] & identifiers]
        joined = identifiers.union(*(group[0] for group in together))
        groups = [*apart, (joined, alive or any(group[1] for group in together))]
    return {frozenset(identifiers) for identifiers, alive in groups if alive}


def everything(warehouse: Warehouse) -> dict[str, list[Row]]:
    return {name: table(warehouse, f"profiles.{name}") for name in TABLES}


def values(warehouse: Warehouse) -> list[tuple[object, ...]]:
    """The user fields of all profiles, without what depends on when they came to be."""
    apart = {"profile_id", "created_at", "updated_at"}
    rows = table(warehouse, "profiles.profiles")
    return sorted((tuple(row[column] for column in sorted(row) if column not in apart) for row in rows), key=repr)


@settings(max_examples=1, deadline=None, suppress_health_check=list(HealthCheck))
@given(histories)
def test_any_history_ends_in_the_same_people(steps: list[list[tuple[str, int, str | None, int | None]]]) -> None:
    """After each step: the naive components; unchanged by a second build or another order of rows; equal to a first
    build of the same rows; every identifier in one profile, every alias leading to a living one.
    """
    history = History()
    with tempfile.TemporaryDirectory() as folder:
        warehouse, afresh = Warehouse(Path(folder) / "grown"), Warehouse(Path(folder) / "afresh")
        for day, step in enumerate(steps):
            for change in step:
                history.apply(*change)
            history.put(warehouse, seed=day)
            report = build(warehouse, *FIELDS, day=day)
            assert people(warehouse) == naive_people(history)
            held = table(warehouse, "profiles.identifiers")
            assert len({(row["kind"], row["value"]) for row in held}) == len(held) == report.identifiers
            living = {row["profile_id"] for row in table(warehouse, "profiles.profiles")}
            assert {row["profile_id"] for row in held} == living
            aliases = table(warehouse, "profiles.aliases")
            assert {row["profile_id"] for row in aliases} <= living
            assert not {row["alias_id"] for row in aliases} & living
        before = everything(warehouse)
        history.put(warehouse, seed=99)
        build(warehouse, *FIELDS, day=9)
        assert everything(warehouse) == before
        history.put(afresh, seed=100)
        build(afresh, *FIELDS)
        assert values(afresh) == values(warehouse)


@pytest.mark.soak
@settings(max_examples=1, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(changes, min_size=5, max_size=30), st.integers(1, 3), st.integers(1, 3))
@example(step=[("contact", 4, "p4@x.org", None), ("lead", 1, "p1@x.org", 4)], emails_at_most=1, leads_at_most=1)
def test_maxima_hold_whatever_happened(
    step: list[tuple[str, int, str | None, int | None]], emails_at_most: int, leads_at_most: int
) -> None:
    """No profile exceeds a maximum, profiles only ever divide the naive people, each identifier of a living row is in
    one, and the order of rows is irrelevant.
    """
    history = History()
    for change in step:
        history.apply(*change)
    guards = Guards(max_per_kind={"email": emails_at_most, "salesforce_lead_ids": leads_at_most})
    found = []
    for seed in range(2):
        with tempfile.TemporaryDirectory() as folder:
            warehouse = Warehouse(Path(folder))
            history.put(warehouse, seed)
            build(warehouse, *FIELDS, guards=guards)
            found.append(everything(warehouse))
            groups = people(warehouse)
    assert found[0] == found[1]
    for group in groups:
        assert sum("@" in value for value in group) <= emails_at_most
        assert sum(value.startswith("00Q") for value in group) <= leads_at_most
        assert any(group <= person for person in naive_people(history))
    carried = set().union(*(identifiers for identifiers, alive in history.identifiers() if alive))
    assert carried <= set().union(*groups)


@pytest.mark.soak
@settings(max_examples=1, deadline=None, suppress_health_check=list(HealthCheck))
@given(histories, manual_lists)
@example(
    steps=[
        [("contact", 1, "p1@x.org", None), ("lead", 1, "p1@x.org", 1), ("lead", 2, "p2@x.org", 1)],
        [("event", 1, "p1@x.org", None), ("event", 1, "p2@x.org", None)],
    ],
    lists=ManualLists(
        [Pair(Identifier("email", "p2@x.org"), Identifier("salesforce_lead_ids", lead_id(1)), "")],
        [Pair(Identifier("email", "p1@x.org"), Identifier("email", "p2@x.org"), "")],
    ),
)
def test_links_and_unlinks_hold_whatever_happened(
    steps: list[list[tuple[str, int, str | None, int | None]]], lists: ManualLists
) -> None:
    """Never together what is kept apart, together what is linked, the same in any order, as before without lists."""
    links_and_unlinks_hold(steps, lists)


@pytest.mark.soak
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(histories, manual_lists)
def test_links_and_unlinks_hold_in_many_histories(
    steps: list[list[tuple[str, int, str | None, int | None]]], lists: ManualLists
) -> None:
    """The same of a hundred histories."""
    links_and_unlinks_hold(steps, lists)


def links_and_unlinks_hold(steps: list[list[tuple[str, int, str | None, int | None]]], lists: ManualLists) -> None:
    """After each step: never together what is kept apart; together what is linked and known, and without unlinks the
    naive people; the same rows in another order change nothing, ids included; without the lists all is as it would be.
    """
    history = History()
    with tempfile.TemporaryDirectory() as folder:
        warehouse = Warehouse(Path(folder))
        for day, step in enumerate(steps):
            for change in step:
                history.apply(*change)
            history.put(warehouse, seed=day)
            build(warehouse, *FIELDS, lists=lists, day=day)
            groups = people(warehouse)
            for pair in lists.unlinks:
                assert not any({pair.one.value, pair.other.value} <= group for group in groups)
            for row in table(warehouse, "profiles.manual_links"):
                either = {row["value"], row["other_value"]}
                living = any(either & group for group in groups)
                linked = living and not row["apart"] and not row["pending"]
                assert not linked or any(either <= group for group in groups)
            if not lists.unlinks:
                assert groups == naive_people(history, lists)
        before = everything(warehouse)
        history.put(warehouse, seed=99)
        turned = ManualLists([*reversed(lists.links)], [Pair(each.other, each.one, "") for each in lists.unlinks])
        build(warehouse, *FIELDS, lists=turned, day=9)
        assert everything(warehouse) == before
        build(warehouse, *FIELDS, day=10)
        assert people(warehouse) == naive_people(history)


def test_the_naive_people_join(tmp_path: Path) -> None:
    """The yardstick itself: a chain of shared identifiers is one person."""
    history = History()
    for change in (("lead", 1, "p1@x.org", None), ("contact", 2, "p2@x.org", None), ("lead", 3, "p1@x.org", 2)):
        history.apply(*change)
    assert naive_people(history) == {frozenset({lead_id(1), lead_id(3), contact_id(2), "p1@x.org", "p2@x.org"})}
