"""A build of only what changed leaves the same tables as one that reads everything, whatever happened in between."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sf_elt.profiles import Guards, ManualLists
from sf_elt.warehouse import Warehouse
from sf_elt_tests.profiles.streams import Row, build, table
from sf_elt_tests.profiles.test_histories import FIELDS, TABLES, History, changes, manual_lists

KEPT = (*TABLES, "rows_read", "dormant_links", "set_aside", "expiring")
Step = tuple[list[tuple[str, int, str | None, int | None]], ManualLists, int]

guards = st.sampled_from(
    [
        Guards(),
        Guards(max_per_kind={"email": 2, "salesforce_lead_ids": 2}),
        Guards(max_per_kind={"email": 1, "salesforce_contact_ids": 1}),
    ]
)
lists = st.just(ManualLists()) | manual_lists
histories = st.lists(
    st.tuples(st.lists(changes, max_size=6), lists, st.sampled_from([0, 1, 200])), min_size=2, max_size=5
)


STEPS: list[Step] = [
    (
        [
            ("contact", 1, "p1@x.org", None),
            ("lead", 1, "p1@x.org", None),
            ("lead", 2, "p2@x.org", 1),
            ("lead", 3, "p3@x.org", 1),
        ],
        ManualLists(),
        0,
    ),
    ([("event", 4, "p1@x.org", None), ("lead", 4, "p4@x.org", None)], ManualLists(), 1),
    (
        [("delete lead", 2, None, None), ("merge contact", 1, None, 2), ("contact", 3, "p4@x.org", None)],
        ManualLists(),
        1,
    ),
    ([("lead", 1, "p3@x.org", None), ("delete lead", 3, None, None), ("lead", 5, None, 2)], ManualLists(), 0),
    ([], ManualLists(), 200),
]


def test_increments_are_full_builds() -> None:
    """After updates, a merge, deletes, a split, a refusal that is taken back, and time that only passed."""
    increments_are_full_builds(STEPS, Guards(max_per_kind={"email": 2}))


@pytest.mark.soak
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(histories, guards)
def test_increments_are_full_builds_in_many_histories(steps: list[Step], held: Guards) -> None:
    """After each step of a random history all tables are those of a chain of full builds, row by row."""
    increments_are_full_builds(steps, held)


def increments_are_full_builds(steps: list[Step], held: Guards) -> None:
    history = History()
    day = 0
    with tempfile.TemporaryDirectory() as folder:
        grown, anew = Warehouse(Path(folder) / "grown"), Warehouse(Path(folder) / "anew")
        for number, (step, pairs, days) in enumerate(steps):
            day += days
            for change in step:
                history.apply(*change)
            for warehouse in (grown, anew):
                history.put(warehouse, seed=number if warehouse is grown else -number)
            increment = build(grown, *FIELDS, guards=held, lists=pairs, day=day)
            build(anew, *FIELDS, guards=held, lists=pairs, day=day, anew=True)
            assert bool(increment.why_anew) == (number == 0)
            assert everything(grown) == everything(anew)


def everything(warehouse: Warehouse) -> dict[str, list[Row]]:
    return {name: table(warehouse, f"profiles.{name}") for name in KEPT}
