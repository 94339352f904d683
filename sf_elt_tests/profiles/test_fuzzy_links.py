"""Fuzzy links in the build: what they join, what is surer than they are, and how they go again."""

import random
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from sf_elt.profiles import (
    Agreement,
    Guards,
    Identifier,
    ManualLists,
    Pair,
    ProfilesReport,
    build_profiles,
    explain_profile,
)
from sf_elt.warehouse import Warehouse
from sf_elt_tests.profiles.streams import (
    IDENTIFIERS,
    NOW,
    Row,
    contact,
    contact_id,
    lead,
    lead_id,
    people,
    put,
    rule,
    table,
)

MAPPING = [*IDENTIFIERS, rule("salesforce_leads", "lead_status", "status")]
TABLES = ("profiles", "identifiers", "links", "refused_links", "manual_links", "fuzzy_links", "aliases")
Pairs = Mapping[tuple[str, str], float]


def put_pairs(warehouse: Warehouse, pairs: Pairs) -> None:
    """Replaces the fuzzy pairs: two record ids → how probable it is that they are one person."""
    rows = []
    for (one, other), probability in pairs.items():
        (kind, value), (other_kind, other_value) = sorted((_kind(each), each) for each in (one, other))
        agreement = [{"field": "last_name", "level": "equal", "weight": 7.5}]
        rows.append([_stream(kind), value, _stream(other_kind), other_value, kind, value, other_kind, other_value,
                     probability, agreement, NOW])  # fmt: skip
    with warehouse.write() as connection:
        connection.execute("DELETE FROM profiles.fuzzy_pairs")
        for row in rows:
            connection.execute("INSERT INTO profiles.fuzzy_pairs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)


def _kind(record_id: str) -> str:
    return "salesforce_lead_ids" if record_id.startswith("00Q") else "salesforce_contact_ids"


def _stream(kind: str) -> str:
    return "salesforce_leads" if kind == "salesforce_lead_ids" else "salesforce_contacts"


def build(
    warehouse: Warehouse,
    threshold: float | None = 0.9,
    *,
    guards: Guards | None = None,
    unlinks: Sequence[tuple[str, str]] = (),
    day: int = 0,
    anew: bool = False,
) -> ProfilesReport:
    lists = ManualLists(
        unlinks=[Pair(*(Identifier(_kind(each), each) for each in pair), "l.csv:2") for pair in unlinks]
    )
    return build_profiles(
        warehouse,
        MAPPING,
        guards,
        lists,
        fuzzy_threshold=threshold,
        now=NOW + timedelta(days=day),
        run_id=f"run {day}",
        anew=anew,
    )


def ids(*groups: str) -> set[frozenset[str]]:
    """Groups of people, each a text such as `L1 C2`, as sets of record ids."""
    return {
        frozenset((lead_id if each[0] == "L" else contact_id)(int(each[1:])) for each in group.split())
        for group in groups
    }


L1, L2, L3, C1 = lead_id(1), lead_id(2), lead_id(3), contact_id(1)


def test_pairs_above_the_threshold_are_links(warehouse: Warehouse) -> None:
    """They join by links that say why; the threshold moves without finding them anew; without one they are gone."""
    put(warehouse, leads=[lead(1), lead(2)], contacts=[contact(1)])
    put_pairs(warehouse, {(L1, C1): 0.97, (L2, C1): 0.92})
    report = build(warehouse, 0.95)
    assert people(warehouse) == ids("L1 C1", "L2")
    assert report.fuzzy_links == 1
    links = [row for row in table(warehouse, "profiles.links") if row["via"] == "fuzzy"]
    assert {(row["stream"], row["value"]) for row in links} == {("fuzzy links", L1), ("fuzzy links", C1)}
    (link,) = explain_profile(warehouse, MAPPING, L1).fuzzy
    assert (link.record_id, link.other_record_id, link.probability) == (C1, L1, 0.97)
    assert link.agreement == (Agreement("last_name", "equal", 7.5),)
    assert explain_profile(warehouse, MAPPING, L2).fuzzy == ()
    build(warehouse, 0.9, day=1)
    assert people(warehouse) == ids("L1 L2 C1")
    report = build(warehouse, None, day=2)
    assert people(warehouse) == ids("L1", "L2", "C1")
    assert (report.fuzzy_links, table(warehouse, "profiles.fuzzy_links")) == (0, [])
    assert table(warehouse, "profiles.fuzzy_pairs") == []


def test_an_unlink_by_hand_wins(warehouse: Warehouse) -> None:
    """Two that are kept apart stay apart, here over a third record; the fuzzy link is refused and told."""
    put(warehouse, leads=[lead(1, "a@x.org"), lead(2), lead(3, "a@x.org")])
    put_pairs(warehouse, {(L1, L2): 0.99})
    build(warehouse, unlinks=[(L3, L2)])
    assert {group - {"a@x.org"} for group in people(warehouse)} == ids("L1 L3", "L2")
    (refused,) = table(warehouse, "profiles.refused_links")
    assert (refused["stream"], refused["rule"]) == ("fuzzy links", "manual unlink")


def test_maxima_hold_and_the_more_probable_comes_first(warehouse: Warehouse) -> None:
    """Anything surer than a fuzzy link joins before it, then the more probable one; what is too much is refused."""
    put(warehouse, leads=[lead(1, "a@x.org"), lead(2), lead(3), lead(4, "a@x.org")])
    put_pairs(warehouse, {(L1, L2): 0.96, (L1, L3): 0.98})
    build(warehouse, guards=Guards(max_per_kind={"salesforce_lead_ids": 3}))
    assert {group - {"a@x.org"} for group in people(warehouse)} == ids("L1 L3 L4", "L2")
    (refused,) = table(warehouse, "profiles.refused_links")
    assert (refused["stream"], refused["rule"]) == ("fuzzy links", "max_per_kind")


def test_a_pair_without_its_record_waits(warehouse: Warehouse) -> None:
    """A pair of a record that is gone joins nothing, makes no profile, and is a link again once the record is back."""
    put_pairs(warehouse, {(L1, L2): 0.99})
    put(warehouse, leads=[lead(1)])
    report = build(warehouse)
    assert (people(warehouse), report.fuzzy_links) == (ids("L1"), 0)
    put(warehouse, leads=[lead(1), lead(2)])
    build(warehouse, day=1)
    assert people(warehouse) == ids("L1 L2")


@pytest.mark.soak
def test_a_build_of_changes_is_as_one_of_everything(tmp_path: Path) -> None:
    """Records, pairs, probabilities, the threshold and unlinks come and go; both builds leave the same tables."""
    changes_are_as_everything(tmp_path, seed=1, steps=2)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(10, 30))
def test_many_builds_of_changes_are_as_those_of_everything(tmp_path: Path, seed: int) -> None:
    """The same of longer histories."""
    changes_are_as_everything(tmp_path, seed, steps=15)


def changes_are_as_everything(folder: Path, seed: int, steps: int) -> None:
    chance = random.Random(seed)
    grown, anew = Warehouse(folder / "grown"), Warehouse(folder / "anew")
    guards = Guards(max_per_kind={"salesforce_lead_ids": 3, "email": 2})
    records = [lead_id(number) for number in range(1, 8)] + [contact_id(number) for number in range(1, 4)]
    emails = [None, "a@x.org", "b@x.org", "c@x.org", "d@x.org"]
    rows = {record: _row(chance, record, emails) for record in records}
    pairs: dict[tuple[str, str], float] = {}
    for day in range(steps):
        for _ in range(3):
            record = chance.choice(records)
            rows[record] = _row(chance, record, emails)
            one, other = chance.sample(records, 2)
            pairs[min(one, other), max(one, other)] = chance.choice((0.6, 0.92, 0.95, 0.99))
            if len(pairs) > 5:
                del pairs[chance.choice(sorted(pairs))]
        threshold = chance.choice((0.9, 0.9, 0.95, None))
        unlinks = [tuple(chance.sample(records, 2))] if chance.random() < 0.5 else []
        for warehouse in (grown, anew):
            _put_some(warehouse, rows, chance.random())
            put_pairs(warehouse, pairs)
        reports = [
            build(warehouse, threshold, guards=guards, unlinks=unlinks, day=day, anew=warehouse is anew)
            for warehouse in (grown, anew)
        ]
        assert (reports[0].why_anew == "") == (day > 0)
        for name in TABLES:
            assert table(grown, f"profiles.{name}") == table(anew, f"profiles.{name}"), (seed, day, name)


def _row(chance: random.Random, record: str, emails: Sequence[str | None]) -> Row | None:
    if chance.random() < 0.15:
        return None
    row = (lead if record.startswith("00Q") else contact)(int(record[3:15]), chance.choice(emails))
    return {**row, "lead_status": chance.choice("ab")}


def _put_some(warehouse: Warehouse, rows: Mapping[str, Row | None], seed: float) -> None:
    """The rows that there are, in an order of their own."""
    there = [(record, row) for record, row in rows.items() if row is not None]
    random.Random(seed).shuffle(there)
    leads = [row for record, row in there if record.startswith("00Q")]
    put(warehouse, leads=leads, contacts=[row for record, row in there if record.startswith("003")])
