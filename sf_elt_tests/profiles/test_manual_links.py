"""Links and unlinks by hand: what they join and part, what waits, and what is refused before anything runs."""

from pathlib import Path

import pytest

from sf_elt.profiles import Guards, Identifier, ManualLists, MappingRefused, Pair, check_manual, read_pairs
from sf_elt.warehouse import Warehouse
from sf_elt_tests.profiles.streams import (
    IDENTIFIERS,
    build,
    contact,
    contact_id,
    lead,
    lead_id,
    people,
    put,
    rule,
    table,
)

HEADING = "kind,value,other_kind,other_value\n"


def pair(one: str, other: str, place: str = "defs.yaml:7") -> Pair:
    return Pair(identifier(one), identifier(other), place)


def identifier(value: str) -> Identifier:
    return Identifier("email" if "@" in value else "salesforce_lead_ids", value)


def test_a_link_by_hand_joins_two_people(warehouse: Warehouse) -> None:
    """Values are cleaned as those of rows are, the link is of its own kind, and it leaves with the list."""
    put(warehouse, leads=[lead(1, "a@x.org"), lead(2, "b@x.org")])
    build(warehouse)
    lists = ManualLists(links=[pair(" A@x.org", f" {lead_id(2)}"), pair(lead_id(2), "a@x.org")])
    report = build(warehouse, lists=lists, day=1)
    assert people(warehouse) == {frozenset({lead_id(1), lead_id(2), "a@x.org", "b@x.org"})}
    assert (report.manual_links, report.manual_pending, report.merged) == (1, 0, 1)
    links = [row for row in table(warehouse, "profiles.links") if row["via"] == "manual link"]
    assert {(row["stream"], row["value"]) for row in links} == {
        ("manual links", "a@x.org"),
        ("manual links", lead_id(2)),
    }
    build(warehouse, day=2)
    assert len(people(warehouse)) == 2


def test_phones_are_read_as_those_of_rows(warehouse: Warehouse) -> None:
    """A phone in another way of writing is the same phone."""
    phone = {"identifier": True, "clean": "phone", "region": "US"}
    leads = [lead(1, lead_source="(415) 555-2671"), lead(2, "b@x.org")]
    put(warehouse, leads=leads)
    link = Pair(Identifier("phone", "415.555.2671"), identifier("b@x.org"), "defs.yaml:7")
    report = build(warehouse, rule("salesforce_leads", "lead_source", "phone", **phone), lists=ManualLists([link]))
    assert (report.manual_pending, report.profiles) == (0, 1)


def test_a_link_by_hand_may_exceed_a_maximum(warehouse: Warehouse) -> None:
    """Who is joined by hand may hold more than the maximum; what else comes is held to it, but keeps its own rows."""
    put(
        warehouse,
        leads=[lead(1, "a@x.org"), lead(2, "b@x.org", lead_converted_contact_id=contact_id(3))],
        contacts=[contact(3, "c@x.org"), contact(4, "b@x.org")],
    )
    build(warehouse, guards=Guards(max_per_kind={"email": 1}), lists=ManualLists(links=[pair("a@x.org", "b@x.org")]))
    joined = frozenset({lead_id(1), "a@x.org", "b@x.org", contact_id(4)})
    assert people(warehouse) == {joined, frozenset({lead_id(2), contact_id(3), "c@x.org"})}


def test_an_unlink_keeps_two_apart(warehouse: Warehouse) -> None:
    """The link that most rows carry is refused, under the unlink's name, and nothing else."""
    put(
        warehouse,
        leads=[lead(1, "a@x.org"), lead(2, "a@x.org"), lead(3, "b@x.org", lead_source="a@x.org")],
        contacts=[contact(1, "b@x.org")],
    )
    second = IDENTIFIERS[3].model_copy(update={"source": "lead_source"})
    build(warehouse, second)
    assert len(people(warehouse)) == 1
    report = build(warehouse, second, lists=ManualLists(unlinks=[pair("b@x.org", "a@x.org")]), day=1)
    assert people(warehouse) == {
        frozenset({lead_id(1), lead_id(2), "a@x.org"}),
        frozenset({lead_id(3), "b@x.org", contact_id(1)}),
    }
    assert (report.manual_unlinks, report.manual_pending, report.refused_links) == (1, 0, 1)
    (refused,) = table(warehouse, "profiles.refused_links")
    assert (refused["record_id"], refused["value"], refused["rule"], refused["detail"]) == (
        lead_id(3), "a@x.org", "manual unlink", "email a@x.org and email b@x.org are kept apart by hand",
    )  # fmt: skip


def test_a_link_by_hand_is_surer_than_any_other(warehouse: Warehouse) -> None:
    """Where a link by hand and an email pull to two sides of an unlink, the email gives way."""
    put(warehouse, leads=[lead(1, "a@x.org"), lead(2, "a@x.org"), lead(3)])
    lists = ManualLists(links=[pair("a@x.org", lead_id(3))], unlinks=[pair(lead_id(3), lead_id(2))])
    build(warehouse, lists=lists)
    assert people(warehouse) == {frozenset({"a@x.org", lead_id(1), lead_id(3)}), frozenset({lead_id(2)})}


def test_what_no_row_carries_waits(warehouse: Warehouse) -> None:
    """Unknown identifiers make no profile and join none; the pair is counted, kept, and takes effect with the row."""
    put(warehouse, leads=[lead(1, "a@x.org"), lead(2, "b@x.org")])
    lists = ManualLists(
        links=[pair("a@x.org", "new@x.org"), pair("new@x.org", "b@x.org")], unlinks=[pair("x@x.org", "y@x.org")]
    )
    report = build(warehouse, lists=lists)
    assert (len(people(warehouse)), report.manual_pending, report.identifiers) == (2, 3, 4)
    assert all(row["pending"] for row in table(warehouse, "profiles.manual_links"))
    put(warehouse, leads=[lead(1, "a@x.org"), lead(2, "b@x.org"), lead(3, "new@x.org")])
    report = build(warehouse, lists=lists, day=1)
    assert (len(people(warehouse)), report.manual_pending) == (1, 1)


@pytest.mark.parametrize(
    ("links", "unlinks", "said"),
    [
        ([("a@x.org", "b@x.org")], [("B@x.org", "a@x.org")], "apart.csv:1: keeps apart two identifiers that are linked "
         "by links.csv:1"),
        ([("a@x.org", "b@x.org"), ("c@x.org", "b@x.org")], [("a@x.org", "c@x.org")], "linked by links.csv:1 and "
         "links.csv:2"),
        ([("a@x.org", "A@x.org")], [], "links.csv:1: names one identifier twice"),
        ([("a@x.org", "at home")], [], "links.csv:1: a value of `salesforce_lead_ids` is malformed"),
        ([("a@x.org", "info@x.org")], [], "links.csv:1: a value of `email` is the mailbox of a role"),
    ],
)  # fmt: skip
def test_lists_that_cannot_hold_are_refused(
    links: list[tuple[str, str]], unlinks: list[tuple[str, str]], said: str
) -> None:
    """A contradiction, also over several links, and values that can join nothing, with their place and no value."""
    lists = ManualLists(
        [pair(*each, f"links.csv:{line}") for line, each in enumerate(links, 1)],
        [pair(*each, f"apart.csv:{line}") for line, each in enumerate(unlinks, 1)],
    )
    (problem,) = check_manual(lists, IDENTIFIERS, Guards())
    assert said in problem
    assert "@" not in problem


def test_faulty_lists_stop_the_build(warehouse: Warehouse) -> None:
    """Nothing is written, and a kind that is no identifier gets the nearest name."""
    put(warehouse, leads=[lead(1, "a@x.org")])
    wrong = Pair(Identifier("emial", "a@x.org"), identifier(lead_id(1)), "links.csv:2")
    with pytest.raises(MappingRefused, match="`emial` is no identifier of the mapping"):
        build(warehouse, lists=ManualLists(links=[wrong]))
    assert table(warehouse, "profiles.identifiers") == []


def test_a_csv_list_is_read_with_its_lines(tmp_path: Path) -> None:
    """Each line is a pair with its place; quoted values, a byte-order mark and empty lines are fine."""
    file = tmp_path / "links.csv"
    file.write_text(f'\ufeff{HEADING}\nemail,"a@x.org",email,b@x.org\n', "utf-8")
    assert read_pairs(file) == [pair("a@x.org", "b@x.org", f"{file}:3")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("email,a@x.org\n", ":1: the first line must be kind,value,other_kind,other_value"),
        (f"{HEADING}email,a@x.org,email\n", ":2: has not a text in each of the columns"),
        (f"{HEADING}email,a@x.org,email,\n", ":2: has not a text in each of the columns"),
        (f'{HEADING}email,"a\n@x.org",email,b@x.org\nemail,"c@x.org,email,b@x.org\n', ":4: is not CSV"),
        (f"{HEADING}email,a\udcff@x.org,email,b@x.org\n", ":2: is not UTF-8"),
    ],
)
def test_a_faulty_csv_list_is_refused(tmp_path: Path, text: str, said: str) -> None:
    """The error names file and line, and no value."""
    file = tmp_path / "links.csv"
    file.write_text(text, "utf-8", "surrogateescape")
    with pytest.raises(MappingRefused) as refused:
        read_pairs(file)
    assert said in str(refused.value)
    assert "@" not in str(refused.value)


def test_a_missing_csv_list_is_refused(tmp_path: Path) -> None:
    """A list that cannot be read is an error, not an empty list; it says where the list is named."""
    with pytest.raises(MappingRefused, match=r"defs.yaml:3: \S+links.csv cannot be read: No such file"):
        read_pairs(tmp_path / "links.csv", "defs.yaml:3")
