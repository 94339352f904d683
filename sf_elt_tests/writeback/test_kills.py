"""Exports killed with SIGKILL at random moments, over an org that fails now and then: nobody twice, nobody lost."""

import random
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from sf_elt.demo_org.serve import running_org
from sf_elt.salesforce import Login, Org, connect, query_records
from sf_elt.salesforce.write import create_records
from sf_elt.warehouse import Warehouse
from sf_elt_tests.orgs import levers
from sf_elt_tests.writeback.people import LATER, Person, fill
from sf_elt_tests.writeback.test_creating import UPSERT

FAULTS = (
    {"path": "/composite/sobjects", "method": "POST|PATCH", "drop": "after"},
    {"path": "/composite/sobjects", "method": "POST|PATCH", "drop": "before"},
    {"path": "/jobs/ingest", "method": "POST|PUT|PATCH", "drop": "after"},
    {"path": "/jobs/ingest", "drop": "before"},
    {"path": "/services/data", "reply": {"status": 503}},
)


@pytest.mark.kill
@pytest.mark.parametrize(
    ("people", "kills", "transport"),
    [
        pytest.param(60, 1, "rest", id="short"),
        pytest.param(20_000, 50, "auto", id="bulk", marks=pytest.mark.soak),
        pytest.param(20_000, 50, "rest", id="rest", marks=pytest.mark.soak),
    ],
)
def test_an_export_killed_at_random_moments_writes_each_person_once(tmp_path, people, kills, transport):
    """Half of them have leads, half are created. In the end org, log and what is remembered agree on every one."""
    dice = random.Random(f"{people} {kills} {transport}")
    spec = UPSERT.model_copy(update={"transport": transport, "batch_size": 200 if people > 200 else 10})
    warehouse = Warehouse(tmp_path / "warehouse")
    with running_org(records=0) as details:
        login = Login(instance_url=details.instance_url, access_token=details.access_token)
        org = connect(login)
        command = [
            sys.executable, "-m", "sf_elt_tests.writeback.export_once", str(warehouse.root), login.instance_url or "",
            login.access_token or "", spec.model_dump_json(),
        ]  # fmt: skip
        killed = 0
        for generation in _generations():
            everybody = _everybody(generation, people)
            _make_leads(org, everybody[::2])
            fill(warehouse, everybody, [])
            lever = levers(details)
            lever.faults.clear()
            lever.faults.plan(*(fault | {"after": dice.randrange(1, 30)} for fault in FAULTS))
            longest = 1.0
            while True:
                began = time.monotonic()
                is_last = killed == kills
                ended = _run(command, None if is_last else dice.uniform(0, longest))
                if ended == 0:
                    break
                assert ended in (-9, 1), "an export that was not killed ended in an error that is no fault"
                killed += ended == -9
                longest = max(longest, 1.5 * (time.monotonic() - began)) if ended == 1 else longest * 1.2
            lever.faults.clear()
            assert _run(command, None) == 0
            _agree(org, warehouse, generation, everybody)
            if killed >= kills:
                return


def _generations() -> Iterator[int]:
    yield from range(1000)


def _everybody(generation: int, people: int) -> list[Person]:
    return [
        Person(
            f"g{generation}-{number:06}",
            values={
                "emails": [f"p{number}@g{generation}.example"], "name": f"P{number}", "title": f"T{number}"
            },
            updated_at=LATER,
        )
        for number in range(people)
    ]  # fmt: skip


def _make_leads(org: Org, people: Sequence[Person]) -> None:
    records = [{"LastName": "Held", "Company": "Acme", "Email": person.values["emails"][0]} for person in people]
    for start in range(0, len(records), 200):
        assert all(result.success for result in create_records(org, "Lead", records[start : start + 200]))


def _run(command: Sequence[str], seconds: float | None) -> int:
    """Runs the export, for at most so many seconds from when it begins; gives how it ended."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=Path.cwd()) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
        return process.wait()


def _agree(org: Org, warehouse: Warehouse, generation: int, people: Sequence[Person]) -> None:
    """Each person is one lead with the title; the log has one success for each, and knows the record's Id."""
    rows = query_records(org, f"SELECT Id, Email, Title FROM Lead WHERE Email LIKE '%@g{generation}.example'")
    held = {str(row["Id"]): (row["Email"], row["Title"]) for row in rows}
    assert sorted(held.values()) == sorted((person.values["emails"][0], person.values["title"]) for person in people)
    with warehouse.read() as connection:
        logged = connection.execute(
            "SELECT record_id, count(*) FROM writeback.sync_log "
            "WHERE status = 'succeeded' AND starts_with(subject_id, ?) GROUP BY record_id",
            [f"g{generation}-"],
        ).fetchall()
        waiting = connection.execute(
            "SELECT count(*) FROM writeback.plan_rows JOIN writeback.plans USING (plan_id, export) "
            "WHERE plan_rows.status = 'in doubt' OR (plan_rows.status = 'planned' AND plans.status <> 'superseded')"
        ).fetchall()
    assert sorted(logged) == sorted((record_id, 1) for record_id in held)
    assert waiting == [(0,)]
