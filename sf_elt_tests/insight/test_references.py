"""Audiences that refer to audiences: their order, what is refused, and why people move."""

import pytest

from sf_elt.insight import Audience, AudiencesRefused, check_audiences, subject_types
from sf_elt.warehouse import Warehouse
from sf_elt_tests.insight.test_audiences import OPEN, people, refresh, stays

TYPES = subject_types({"email": "VARCHAR"})


def test_they_are_evaluated_in_the_order_of_their_references(warehouse: Warehouse) -> None:
    """The order of the YAML does not matter; who is in none of them is not in them, and never null."""
    people(warehouse, 0, {1: "Open", 2: "Closed", 3: None})
    report = refresh(
        warehouse,
        0,
        others="NOT in_audience('mine') AND NOT in_audience('nobody')",
        mine="IN_AUDIENCE('opened') AND email <> ''",
        opened=OPEN,
        nobody="false",
    )
    assert [(a.audience, a.members) for a in report.audiences] == [
        ("others", 2),
        ("mine", 1),
        ("opened", 1),
        ("nobody", 0),
    ]


@pytest.mark.soak
def test_another_definition_further_down_is_told_apart_from_changed_people(warehouse: Warehouse) -> None:
    """Who moves because a referred audience is defined anew moves by definition; who changed as well, by themselves."""
    people(warehouse, 0, {1: "Open", 2: "Open", 3: "New", 4: "Closed"})
    conditions = {"top": "in_audience('middle')", "middle": "in_audience('mine') OR email IS NULL", "mine": OPEN}
    refresh(warehouse, 0, **conditions)
    people(warehouse, 1, {1: "Open", 2: "Closed", 3: "New", 4: "Open"})
    report = refresh(warehouse, 1, **(conditions | {"mine": "status IN ('New', 'Open') AND email <> 'p1@x.org'"}))
    for audience in ("mine", "middle", "top"):
        assert [stay[1:] for stay in stays(warehouse) if stay[0] == audience] == [
            ("p1@x.org", 0, "definition", 1, "definition"),
            ("p2@x.org", 0, "definition", 1, "person"),
            ("p3@x.org", 1, "definition", None, None),
            ("p4@x.org", 1, "person", None, None),
        ]
    assert [(a.entered, a.left, a.by_definition) for a in report.audiences] == [(2, 2, 2)] * 3


def test_a_person_moves_through_references_by_themselves(warehouse: Warehouse) -> None:
    """Under the same definitions a move is a person's in the referring audience too; a new name is no change."""
    people(warehouse, 0, {1: "Open", 2: "Open"})
    refresh(warehouse, 0, top="in_audience('mine')", mine=OPEN)
    people(warehouse, 1, {1: "Open", 2: "Closed"})
    refresh(warehouse, 1, top="in_audience('renamed')", renamed=OPEN)
    assert [stay[1:] for stay in stays(warehouse) if stay[0] == "top"] == [
        ("p1@x.org", 0, "definition", None, None),
        ("p2@x.org", 0, "definition", 1, "person"),
    ]


@pytest.mark.soak
def test_a_former_reference_that_no_longer_applies(warehouse: Warehouse) -> None:
    """Where the former definition further down cannot be told any more, all moves are the definition's."""
    people(warehouse, 0, {1: "Open"})
    refresh(warehouse, 0, top="in_audience('mine')", mine="status = 'New'")
    with warehouse.write() as connection:
        connection.execute("UPDATE insight.audiences SET condition = 'gone = 1' WHERE audience = 'mine'")
    refresh(warehouse, 1, top="in_audience('mine')", mine=OPEN)
    assert stays(warehouse) == [
        ("mine", "p1@x.org", 1, "definition", None, None),
        ("top", "p1@x.org", 1, "definition", None, None),
    ]


@pytest.mark.parametrize(
    ("conditions", "faults"),
    [
        ({"A": "in_audience('A')"}, [(0, "`A` refers to itself: an audience can only refer to others")]),
        (
            {"A": "in_audience('B')", "B": "in_audience('C')", "C": "NOT in_audience('A')", "D": "in_audience('A')"},
            [
                (0, "audiences refer to each other in a circle: A → B → C → A"),
                (1, "audiences refer to each other in a circle: B → C → A → B"),
                (2, "audiences refer to each other in a circle: C → A → B → C"),
            ],
        ),
        ({"Loyal": "true", "B": "in_audience('Loyl')"}, [(1, "there is no audience `Loyl` (did you mean Loyal?)")]),
        ({"Loyal": "true", "B": "in_audience('loyal')"}, [(1, "there is no audience `loyal` (did you mean Loyal?)")]),
        ({"A": "in_audience(email)"}, [(0, "in_audience takes the name of one audience in single quotes")]),
        (
            {"A": "in_audiences('B')", "B": "true"},
            [(0, "the function `in_audiences` is not accepted (did you mean in_audience?)")],
        ),
        ({"A": '"in audiences" IS NULL'}, [(0, "there is no field `in audiences`")]),
    ],
)  # fmt: skip
def test_wrong_references_are_refused(conditions: dict[str, str], faults: list[tuple[int, str]]) -> None:
    """Circles, references to itself, unknown names and what is no name are said of the audience that has them."""
    audiences = [Audience(name=name, description=name, condition=text) for name, text in conditions.items()]
    found = check_audiences(audiences, TYPES)
    assert [(fault.index, fault.attribute) for fault in found] == [(index, "condition") for index, _ in faults]
    for fault, (_, says) in zip(found, faults, strict=True):
        assert fault.says.startswith(says)


def test_a_circle_is_refused_before_anything_is_written(warehouse: Warehouse) -> None:
    """At an evaluation too, with the audience's name."""
    people(warehouse, 0, {1: "Open"})
    with pytest.raises(AudiencesRefused, match="audience b: audiences refer to each other in a circle: b → a → b"):
        refresh(warehouse, 0, a="in_audience('b')", b="in_audience('a')")


@pytest.mark.soak
def test_a_changed_definition_over_one_that_stays(warehouse: Warehouse) -> None:
    """Who moves in the unchanged audience below moves by themselves above, where only its own definition changed."""
    people(warehouse, 0, {1: "Open", 2: "New", 3: "New"})
    refresh(warehouse, 0, top="in_audience('mine')", mine=OPEN)
    people(warehouse, 1, {1: "Open", 2: "Open", 3: "New"})
    refresh(warehouse, 1, top="in_audience('mine') OR email = 'p3@x.org'", mine=OPEN)
    assert [stay[1:4] for stay in stays(warehouse) if stay[0] == "top"] == [
        ("p1@x.org", 0, "definition"),
        ("p2@x.org", 1, "person"),
        ("p3@x.org", 1, "definition"),
    ]


def test_thousands_of_wrong_audiences_are_refused_by_the_first() -> None:
    """A ring of them, and what leads into it, in time that grows with their number; so are those of wrong types."""
    ring = _audiences("a", 60, "in_audience('a{next}')")
    into = _audiences("b", 60, "in_audience('a{same}')")
    faults = check_audiences([*into, *ring], TYPES)
    assert [fault.index for fault in faults] == list(range(60, 80))
    assert "a0 → a1 → " in faults[0].says
    assert "… (40 more) → a0" in faults[0].says
    assert len(check_audiences(_audiences("c", 60, "len(email)"), TYPES)) == 20


def _audiences(letter: str, number: int, condition: str) -> list[Audience]:
    return [
        Audience(name=f"{letter}{each}", description="", condition=condition.format(same=each, next=-~each % number))
        for each in range(number)
    ]
