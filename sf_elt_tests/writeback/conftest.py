"""An org, a warehouse and people whose leads are in both."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import orjson
import pytest

from sf_elt.demo_org.serve import Details, running_org
from sf_elt.salesforce import Login, Org, Patience, connect, literals, query_records
from sf_elt.warehouse import Warehouse
from sf_elt.writeback import ExportReport, ExportSpec, run_export
from sf_elt_tests.orgs import Levers, levers
from sf_elt_tests.writeback.people import NOW, Lead, Person, fill

SPEC = ExportSpec(
    name="leads",
    object="Lead",
    match="salesforce_lead_ids",
    audiences_field="Audiences__c",
    scores_field="Scores__c",
    fields={"Title": "title"},
)


@dataclass
class Loop:
    """One warehouse and one org that belong together, and what a test does with them."""

    org: Org
    warehouse: Warehouse
    levers: Levers
    leads: list[Lead] = field(default_factory=list)
    runs: Iterator[int] = field(default_factory=count)

    def make_leads(self, number: int, **values: object) -> list[str]:
        """Leads in the org, imported into the warehouse by the next `fill`; their Ids."""
        record = {"attributes": {"type": "Lead"}, "LastName": "Ng", "Company": "Acme", **values}
        ids: list[str] = []
        for start in range(0, number, 200):
            records = [record] * min(200, number - start)
            body = orjson.dumps({"allOrNone": True, "records": records})
            reply = self.org.session.post(
                self.org.url("composite/sobjects"), data=body, headers={"Content-Type": "application/json"}
            )
            ids += [str(result["id"]) for result in reply.json()]
        self.leads += [Lead(record_id) for record_id in ids]
        self.levers.calls.clear()
        return ids

    def fill(self, people: Sequence[Person]) -> None:
        fill(self.warehouse, people, self.leads)

    def run(self, spec: ExportSpec = SPEC, *, after: timedelta = timedelta(0), **asked: Any) -> ExportReport:
        """Runs the export, that long after NOW, as it was asked for."""
        return run_export(self.org, self.warehouse, spec, now=NOW + after, run_id=f"run-{next(self.runs)}", **asked)

    def held(self, ids: Sequence[str], *fields: str) -> list[tuple[object, ...]]:
        """What the org holds of those leads, in their order."""
        rows = query_records(self.org, f"SELECT Id, {', '.join(fields)} FROM Lead WHERE Id IN {literals(ids)}")
        by_id: dict[str, Mapping[str, object]] = {str(row["Id"]): row for row in rows}
        return [tuple(by_id[record_id][name] for name in fields) for record_id in ids]

    def edit(self, record_id: str, **values: object) -> None:
        """Somebody else changes the lead in the org."""
        reply = self.org.session.patch(self.org.url(f"sobjects/Lead/{record_id}"), json=values)
        assert reply.status_code == 204

    def select(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        with self.warehouse.read() as connection:
            return connection.execute(sql, list(parameters)).fetchall()

    def updates(self) -> list[int]:
        """How many records each update call since the last look carried, as the org has recorded them."""
        calls = self.levers.calls.all()
        self.levers.calls.clear()
        return [call["rows"] for call in calls if call["method"] == "PATCH"]


@pytest.fixture(scope="session")
def export_org() -> Iterator[Details]:
    """An org without records, for all write-back tests of this process: each test makes its own leads."""
    with running_org(records=0) as details:
        yield details


@pytest.fixture
def login(export_org: Details) -> Login:
    return Login(instance_url=export_org.instance_url, access_token=export_org.access_token)


@pytest.fixture
def loop(export_org: Details, login: Login, tmp_path: Path) -> Iterator[Loop]:
    """A warehouse of the test's own and a connection to the org, which has no faults planned and no calls recorded."""
    with closing(connect(login, patience=Patience(attempts=2, first_wait=0.01))) as org:
        loop = Loop(org, Warehouse(tmp_path / "warehouse"), levers(export_org))
        loop.levers.calls.clear()
        yield loop
        loop.levers.faults.clear()
