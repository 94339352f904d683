"""A build of only what changed leaves the same tables as one that reads everything, whatever happened in between."""

import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sf_elt.profiles import FieldRule, Guards, ManualLists, ProfilesReport
from sf_elt.warehouse import Warehouse
from sf_elt_tests.profiles.streams import Row, account, build, event, put, rule, table
from sf_elt_tests.profiles.test_histories import DAY, FIELDS, TABLES, History, changes, manual_lists, numbers

KEPT = (*TABLES, "rows_read", "batches_read", "dormant_links", "set_aside", "expiring")
Change = tuple[str, int, str | None, int | None]
Step = tuple[Sequence[Change], ManualLists, int]

SEEN = (
    rule("web_events", "occurred_at", "first_seen", "date", merge="min"),
    rule("web_events", "occurred_at", "last_seen", "date", merge="max"),
)
EACH_EVENT = (rule("web_events", "event_id", "visits", "int", merge="count"),)
ACCOUNTS = (
    rule("salesforce_accounts", "account_name", "account", merge="latest"),
    rule("salesforce_accounts", "account_name", "founded", "date"),
)
SHARED = (rule("salesforce_accounts", "account_name", "account", identifier=True),)
MAPPINGS = ((*FIELDS, *SEEN, *ACCOUNTS), (*FIELDS, *EACH_EVENT, *SHARED))

guards = st.sampled_from(
    [
        Guards(),
        Guards(max_per_kind={"email": 2, "salesforce_lead_ids": 2}),
        Guards(max_per_kind={"email": 1, "salesforce_contact_ids": 1}),
    ]
)
more_changes = st.one_of(
    changes,
    st.tuples(st.just("account"), numbers, st.none(), numbers),
    st.tuples(st.just("leave account"), numbers, st.none(), numbers),
    st.tuples(st.just("rename account"), numbers, st.none(), st.none()),
    st.tuples(st.just("forget events"), numbers, st.none(), st.none()),
)
lists = st.just(ManualLists()) | manual_lists
histories = st.lists(
    st.tuples(st.lists(more_changes, max_size=6), lists, st.sampled_from([0, 1, 200])), min_size=2, max_size=5
)


@dataclass
class Company(History):
    """An org with accounts, each a row for each of its contacts, and with events as they came."""

    people: set[tuple[int, int]] = field(default_factory=set)
    names: dict[int, str] = field(default_factory=dict)
    came: dict[tuple[str | None, str, int], int] = field(default_factory=dict)

    def apply(self, kind: str, number: int, email: str | None, other: int | None) -> None:
        super().apply(kind, number, email, other)
        if kind == "event":
            self.came[email, f"c{number}", self.changed] = self.changed
        elif kind == "forget events":
            self.came = {event: came for event, came in self.came.items() if event[1] != f"c{number}"}
        elif kind == "account" and other is not None:
            self.people.add((number % 3, other))
        elif kind == "leave account" and other is not None:
            self.people.discard((number % 3, other))
        elif kind == "rename account":
            self.names[number % 3] = str(self.changed)

    def put(self, warehouse: Warehouse, seed: int) -> None:
        super().put(warehouse, seed)
        accounts = [
            account(number, contact, account_name=self.names.get(number, f"account {number}"))
            for number, contact in self.people
        ]
        events = [
            event(DAY + timedelta(minutes=at % 5), email, cookie, event_id=f"event {at}")
            | {"_loaded_at": datetime(2026, 4, 1) + timedelta(hours=came // 3)}
            for (email, cookie, at), came in self.came.items()
        ]
        put(warehouse, accounts=accounts[:: 1 if seed % 2 else -1], events=events[:: 1 if seed % 2 else -1])


STEPS: Sequence[Step] = [
    (
        [
            ("contact", 1, "p1@x.org", None),
            ("lead", 1, "p1@x.org", None),
            ("lead", 2, "p2@x.org", 1),
            ("lead", 3, "p3@x.org", 1),
            ("contact", 5, "p0@x.org", None),
            ("event", 2, "p2@x.org", None),
            ("lead", 4, "p4@x.org", None),
            ("contact", 3, "p4@x.org", None),
        ],
        ManualLists(),
        0,
    ),
    ([("event", 4, "p1@x.org", None), ("merge contact", 5, None, 6)], ManualLists(), 1),
    (
        [("delete lead", 2, None, None), ("merge contact", 1, None, 2), ("lead", 6, "p0@x.org", None)],
        ManualLists(),
        1,
    ),
    (
        [
            ("lead", 1, "p3@x.org", None),
            ("delete lead", 3, None, None),
            ("delete lead", 4, None, None),
            ("forget events", 2, None, None),
        ],
        ManualLists(),
        0,
    ),
    ([], ManualLists(), 200),
]


def test_increments_are_full_builds() -> None:
    """After updates, merges, deletes, a merged record that lives again, refusals taken back, and time that passed."""
    increments_are_full_builds(STEPS, Guards(max_per_kind={"email": 2}), MAPPINGS[0])


@pytest.mark.soak
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(histories, guards, st.sampled_from(MAPPINGS))
def test_increments_are_full_builds_in_many_histories(
    steps: list[Step], held: Guards, fields: Sequence[FieldRule]
) -> None:
    """After each step of a random history all tables are those of a chain of full builds, row by row."""
    increments_are_full_builds(steps, held, fields)


def increments_are_full_builds(steps: Sequence[Step], held: Guards, fields: Sequence[FieldRule]) -> None:
    """After each step: a chain of increments has left what a chain of full builds has, and told the same of it."""
    history = Company()
    day = 0
    with tempfile.TemporaryDirectory() as folder:
        grown, anew = Warehouse(Path(folder) / "grown"), Warehouse(Path(folder) / "anew")
        for number, (step, pairs, days) in enumerate(steps):
            day += days
            for change in step:
                history.apply(*change)
            for warehouse in (grown, anew):
                history.put(warehouse, seed=number if warehouse is grown else number + 1)
            increment = build(grown, *fields, guards=held, lists=pairs, day=day)
            full = build(anew, *fields, guards=held, lists=pairs, day=day, anew=True)
            assert bool(increment.why_anew) == (number == 0)
            assert told(increment) == told(full)
            assert everything(grown) == everything(anew)


def told(report: ProfilesReport) -> dict[str, object]:
    """What a build says of the profiles, and not of itself."""
    of_itself = {"why_anew", "rows_changed", "profiles_rebuilt", "seconds"}
    return {name: value for name, value in asdict(report).items() if name not in of_itself}


def everything(warehouse: Warehouse) -> dict[str, list[Row]]:
    return {name: table(warehouse, f"profiles.{name}") for name in KEPT}
