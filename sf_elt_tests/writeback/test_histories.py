"""Random histories of changes, people at work in the org, leaving, coming back, and runs that break off."""

from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal
from unittest import mock

from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from sf_elt.demo_org.serve import Details
from sf_elt.salesforce import JobFailed, Login, Org, OrgUnavailable, Patience, connect, query_records
from sf_elt.warehouse import Warehouse, naive
from sf_elt.writeback import ExportSpec, made
from sf_elt_tests.examples import TIMES, some
from sf_elt_tests.orgs import levers
from sf_elt_tests.writeback.conftest import Loop
from sf_elt_tests.writeback.people import NOW, Lead, Person
from sf_elt_tests.writeback.test_creating import UPSERT

PEOPLE = 3
Kind = Literal["change", "edit", "leave", "return", "run", "lose answers", "lose requests"]
kinds: tuple[Kind, ...] = ("change", "edit", "leave", "return", "run", "lose answers", "lose requests")
steps = st.tuples(st.sampled_from(kinds), st.integers(0, PEOPLE - 1), st.integers(0, 12))
domains = count()


@dataclass
class History:
    """What has happened to the people of one example, and what the org should hold in the end."""

    loop: Loop
    spec: ExportSpec
    domain: str
    hours: Iterator[int] = field(default_factory=count)
    titles: list[str] = field(default_factory=lambda: [f"T{number}" for number in range(PEOPLE)])
    edits: dict[int, str] = field(default_factory=dict)
    is_out: set[int] = field(default_factory=set)
    edited_at: dict[str, timedelta] = field(default_factory=dict)

    def step(self, kind: Kind, who: int, number: int) -> None:
        at = timedelta(hours=next(self.hours))
        match kind:
            case "change":
                self.titles[who] = f"T{who} at {at}"
            case "edit" if (lead := self.leads().get(who)) is not None:
                self.edits[who] = f"E{who} at {at}"
                self.loop.edit(str(lead["Id"]), Title=self.edits[who])
                self.edited_at[str(lead["Id"])] = at
            case "leave":
                self.is_out.add(who)
            case "return":
                self.is_out.discard(who)
            case "run":
                self.run(at)
            case "lose answers" | "lose requests":
                drop = "after" if kind == "lose answers" else "before"
                self.loop.levers.faults.plan({"path": "/services/data", "drop": drop, "after": number, "times": 9})
                with suppress(OrgUnavailable, JobFailed):
                    self.run(at)
                self.loop.levers.faults.clear()

    def run(self, at: timedelta) -> int:
        """Imports what people have done in the org, then exports; how many records were planned."""
        self.loop.leads = [
            Lead(str(lead["Id"]), changed_at=naive(NOW + self.edited_at.get(str(lead["Id"]), timedelta(days=-1))))
            for lead in self.leads().values()
        ]
        self.loop.fill(
            [
                Person(
                    f"{self.domain}-{who}",
                    values={
                        "emails": [f"{who}@{self.domain}"],
                        "name": "N",
                        "title": title,
                        "opted_out": who in self.is_out,
                    },
                )
                for who, title in enumerate(self.titles)
            ]
        )  # fmt: skip
        return self.loop.run(self.spec, after=at + timedelta(minutes=30)).planned

    def leads(self) -> dict[int, dict[str, object]]:
        """The leads by who they are. Nobody is there twice."""
        rows = list(
            query_records(self.loop.org, f"SELECT Id, Email, Title FROM Lead WHERE Email LIKE '%@{self.domain}'")
        )
        found = {int(str(row["Email"]).partition("@")[0]): dict(row) for row in rows}
        assert len(found) == len(rows), "somebody is there twice"
        return found

    def wanted(self, who: int) -> str | None:
        """The title that the lead should have."""
        if self.spec.policy == "theirs" and who in self.edits:
            return self.edits[who]
        return None if who in self.is_out and self.spec.on_leave == "clear" else self.titles[who]


PHASES = [Phase.explicit] if TIMES == 1 else [Phase.explicit, Phase.generate]  # `make soak` draws more


@settings(max_examples=some(1), deadline=None, phases=PHASES)
@given(
    history=st.lists(steps, min_size=3, max_size=7),
    policy=st.sampled_from(["ours", "theirs"]),
    on_leave=st.sampled_from(["update", "clear", "keep"]),
    transport=st.sampled_from(["rest", "bulk"]),
)
@example(
    history=[("lose answers", 2, 6), ("edit", 2, 9), ("lose requests", 2, 11), ("edit", 2, 2), ("lose requests", 0, 7)],
    policy="ours",
    on_leave="clear",
    transport="bulk",
)
def test_any_history_ends_as_the_export_says(
    export_org: Details,
    history: list[tuple[Kind, int, int]],
    policy: str,
    on_leave: str,
    transport: str,
) -> None:
    """After a last quiet run each person is one lead with the title that policy and leaving say; one more run plans
    nothing and calls nobody.
    """
    spec = UPSERT.model_copy(
        update={"policy": policy, "on_leave": on_leave, "transport": transport, "condition": "NOT opted_out"}
    )
    with TemporaryDirectory() as folder, closing(_connected(export_org)) as org:
        loop = Loop(org, Warehouse(Path(folder) / "warehouse"), levers(export_org))
        tale = History(loop, spec, f"h{next(domains)}.example")
        with mock.patch.object(made, "SETTLING", timedelta()):
            for kind, who, number in history:
                tale.step(kind, who, number)
            tale.step("run", 0, 0)
        leads = tale.leads()
        assert set(leads) >= set(range(PEOPLE)) - tale.is_out
        for who, lead in leads.items():
            if who not in tale.is_out or on_leave != "keep":
                assert lead["Title"] == tale.wanted(who)
        loop.levers.calls.clear()
        assert tale.run(timedelta(hours=next(tale.hours))) == 0
        assert [call for call in loop.levers.calls.all() if "/query" not in call["path"]] == []


def _connected(details: Details) -> Org:
    login = Login(instance_url=details.instance_url, access_token=details.access_token)
    return connect(login, patience=Patience(attempts=2, first_wait=0.01))
