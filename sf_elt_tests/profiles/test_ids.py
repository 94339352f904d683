"""Profile ids stay: through new rows, merges and splits."""

from datetime import UTC, datetime

import pytest

from sf_elt.warehouse import Warehouse
from sf_elt_tests.profiles.streams import NOW, build, contact, contact_id, event, lead, lead_id, profiles, put, table

DAY = datetime(2026, 3, 1, tzinfo=UTC)


def ids(warehouse: Warehouse) -> dict[str, str]:
    """Identifier → profile id."""
    return {row["value"]: row["profile_id"] for row in table(warehouse, "profiles.identifiers")}


def aliases(warehouse: Warehouse) -> dict[str, str]:
    return {row["alias_id"]: row["profile_id"] for row in table(warehouse, "profiles.aliases")}


def test_new_rows_leave_ids_as_they_are(warehouse: Warehouse) -> None:
    """A profile keeps its id when rows come to it, also when an identifier comes that sorts before all others."""
    put(warehouse, leads=[lead(5, "m@x.org"), lead(6, "n@x.org")])
    build(warehouse)
    before = ids(warehouse)
    put(warehouse, leads=[lead(1, "a@x.org"), lead(4, "m@x.org"), lead(5, "m@x.org"), lead(6, "n@x.org")])
    put(warehouse, events=[event(DAY, "m@x.org", "a0")])
    report = build(warehouse, day=1)
    after = ids(warehouse)
    assert {value: after[value] for value in before} == before
    assert after["a0"] == after[lead_id(4)] == before["m@x.org"]
    assert (report.new, report.changed, report.merged) == (1, 1, 0)
    seen = {row["value"]: row["first_seen"].day for row in table(warehouse, "profiles.identifiers")}
    assert (seen["m@x.org"], seen["a0"]) == (1, 2)


def test_a_merge_keeps_the_older_id(warehouse: Warehouse) -> None:
    """Where two profiles become one, the older id stays, with its created_at; the other leads to it."""
    put(warehouse, leads=[lead(9, "z@x.org")])
    build(warehouse)
    put(warehouse, leads=[lead(1, "a@x.org"), lead(9, "z@x.org")])
    build(warehouse, day=1)
    before = ids(warehouse)
    put(warehouse, events=[event(DAY, "a@x.org", "c"), event(DAY, "z@x.org", "c")])
    report = build(warehouse, day=2)
    (profile,) = profiles(warehouse)
    assert profile["profile_id"] == before["z@x.org"]
    assert profile["created_at"] == NOW.replace(tzinfo=None)
    assert aliases(warehouse) == {before["a@x.org"]: before["z@x.org"]}
    assert (report.profiles, report.new, report.changed, report.merged, report.removed) == (1, 0, 1, 1, 0)


@pytest.mark.soak
def test_aliases_never_lead_to_aliases(warehouse: Warehouse) -> None:
    """Where a profile that has aliases is merged itself, they all lead to the one that stays."""
    names = ["a@x.org", "b@x.org", "c@x.org"]
    for day, name in enumerate(names):
        put(warehouse, leads=[lead(n, name) for n, name in enumerate(names[: day + 1])])
        build(warehouse, day=day)
    born = ids(warehouse)
    joined = [event(DAY, "b@x.org", "c1"), event(DAY, "c@x.org", "c1")]
    put(warehouse, events=joined)
    build(warehouse, day=3)
    assert aliases(warehouse) == {born["c@x.org"]: born["b@x.org"]}
    put(warehouse, events=[*joined, event(DAY, "a@x.org", "c1")])
    build(warehouse, day=4)
    assert aliases(warehouse) == {born["b@x.org"]: born["a@x.org"], born["c@x.org"]: born["a@x.org"]}
    put(warehouse, leads=[], events=[])
    report = build(warehouse, day=5)
    assert (report.profiles, report.removed, aliases(warehouse)) == (0, 1, {})


def test_a_split_gives_the_smaller_part_a_new_id(warehouse: Warehouse) -> None:
    """The part with most identifiers keeps the id; the other gets one that nobody has had."""
    link = event(DAY, "a@x.org", "c"), event(DAY, "z@x.org", "c")
    leads = [lead(1, "a@x.org"), lead(2, "z@x.org"), lead(3, "z@x.org")]
    put(warehouse, leads=leads[:1], events=[])
    build(warehouse)
    (first,) = set(ids(warehouse).values())
    put(warehouse, leads=leads, events=link)
    build(warehouse, day=1)
    assert set(ids(warehouse).values()) == {first}
    put(warehouse, events=[])
    report = build(warehouse, day=2)
    after = ids(warehouse)
    assert after["z@x.org"] == first
    assert after["a@x.org"] not in {first, *aliases(warehouse)}
    assert (report.profiles, report.new, report.removed) == (2, 1, 0)


def test_a_merge_in_the_org_is_a_merge_of_profiles(warehouse: Warehouse) -> None:
    """Merging two contacts in the org merges their profiles: the older id stays and the other becomes its alias."""
    put(warehouse, contacts=[contact(1, "a@x.org"), contact(2, "b@x.org")])
    build(warehouse)
    before = ids(warehouse)
    gone = {"deleted_at": datetime(2026, 6, 1), "master_record_id": contact_id(2)}
    put(warehouse, contacts=[contact(1, "a@x.org", **gone), contact(2, "b@x.org")])
    report = build(warehouse, day=1)
    (profile,) = profiles(warehouse)
    assert profile["salesforce_contact_ids"] == [contact_id(2)]
    assert {profile["profile_id"], *aliases(warehouse)} == set(before.values())
    assert (report.merged, report.removed) == (1, 0)
