"""Undos killed with SIGKILL, repeated until they end: everything back as it stood, what was made gone, each once."""

import random
import subprocess
import sys
import time
from collections.abc import Sequence

import pytest

from sf_elt.demo_org.serve import running_org
from sf_elt.salesforce import Login, Org, connect, query_records
from sf_elt.salesforce.write import create_records
from sf_elt.warehouse import Warehouse
from sf_elt.writeback import ExportSpec, run_export
from sf_elt_tests.orgs import levers
from sf_elt_tests.writeback.people import LATER, NOW, Person, fill
from sf_elt_tests.writeback.test_crashes import NEVER, _kill_once_played
from sf_elt_tests.writeback.test_kills import FAULTS, _run
from sf_elt_tests.writeback.test_references import CONTACTS

EACH_COMPANY = 20  # people
DELETE = {"path": "/composite/sobjects$", "method": "DELETE", "after": 1}


def _command(warehouse: Warehouse, login: Login, spec: ExportSpec, undoes: str) -> list[str]:
    """The process that takes a run back."""
    return [
        sys.executable, "-m", "sf_elt_tests.writeback.export_once", str(warehouse.root), login.instance_url or "",
        login.access_token or "", spec.model_dump_json(), undoes,
    ]  # fmt: skip


@pytest.mark.soak
@pytest.mark.kill
def test_an_undo_killed_while_it_deletes_what_was_made_on_the_way_goes_on(loop, login):
    """The accounts are gone and nobody has written it down: the next run of the export does, and repeats nothing."""
    people = _everybody("short", 4)
    _make_contacts(loop.org, people[::2])
    loop.fill(people)
    loop.run(CONTACTS)
    loop.levers.faults.plan({**DELETE, "drop": "after"}, {**DELETE, "delay": NEVER})
    process = subprocess.Popen(_command(loop.warehouse, login, CONTACTS, "run-0"), stdout=subprocess.DEVNULL)
    _kill_once_played(process, loop, 1)
    loop.levers.faults.clear()
    report = loop.run(CONTACTS)
    assert (report.undoes, report.waiting, report.failed) == ("run-0", 0, 0)
    assert report.confirmed_by_lookup == 1
    _is_undone(loop.org, loop.warehouse, "short", people)
    assert loop.run(CONTACTS).planned == 0


@pytest.mark.soak
@pytest.mark.kill
@pytest.mark.parametrize("transport", ["auto", "rest"])
def test_an_undo_killed_at_random_moments_ends_right(tmp_path, transport):
    """Fifty kills over an org that fails now and then, of undos of 5,000 contacts of whom half were made."""
    dice = random.Random(transport)
    spec = CONTACTS.model_copy(update={"transport": transport})
    warehouse = Warehouse(tmp_path / "warehouse")
    with running_org(records=0) as details:
        login = Login(instance_url=details.instance_url, access_token=details.access_token)
        org, lever = connect(login), levers(details)
        killed = generation = 0
        while killed < 50:
            generation += 1
            people = _everybody(f"{transport}{generation}", 5_000)
            _make_contacts(org, people[::2])
            fill(warehouse, people, [])
            run = f"run-{generation}"
            assert run_export(org, warehouse, spec, now=NOW, run_id=run).succeeded == len(people)
            lever.faults.plan(*(fault | {"after": dice.randrange(1, 30)} for fault in FAULTS))
            ended, longest = -9, 1.0
            while ended != 0:
                began = time.monotonic()
                ended = _run(_command(warehouse, login, spec, run), dice.uniform(0, longest) if killed < 50 else None)
                assert ended in (-9, 0, 1), "an undo that was not killed ended in an error that is no fault"
                killed += ended == -9
                longest = max(longest, 1.5 * (time.monotonic() - began)) if ended == 1 else longest * 1.2
            lever.faults.clear()
            assert _run(_command(warehouse, login, spec, run), None) == 0
            _is_undone(org, warehouse, f"{transport}{generation}", people)


def _everybody(name: str, people: int) -> list[Person]:
    return [
        Person(
            f"{name}-{number:06}",
            values={
                "emails": [f"p{number}@{name}.example"],
                "name": f"P{number}",
                "title": f"T{number}",
                "company": f"{name} company {number // EACH_COMPANY}",
            },
            updated_at=LATER,
        )
        for number in range(people)
    ]


def _make_contacts(org: Org, people: Sequence[Person]) -> None:
    records = [{"LastName": "Held", "Title": "Was", "Email": person.values["emails"][0]} for person in people]
    for start in range(0, len(records), 200):
        assert all(result.success for result in create_records(org, "Contact", records[start : start + 200]))


def _is_undone(org: Org, warehouse: Warehouse, name: str, people: Sequence[Person]) -> None:
    """Contacts that were there have their titles, the others and their accounts are gone; the log tells each once."""
    rows = query_records(org, f"SELECT Email, Title FROM Contact WHERE Email LIKE '%@{name}.example'")
    assert sorted((row["Email"], row["Title"]) for row in rows) == sorted(
        (person.values["emails"][0], "Was") for person in people[::2]
    )
    assert query_records(org, f"SELECT Id FROM Account WHERE Name LIKE '{name} company %'") == []
    companies = {person.values["company"] for person in people}
    with warehouse.read() as connection:
        logged = connection.execute(
            "SELECT log.operation, count(*), count(DISTINCT log.record_id) FROM writeback.sync_log AS log "
            "JOIN writeback.plans USING (plan_id) WHERE undoes <> '' AND log.status = 'succeeded' "
            "AND starts_with(subject_id, ?) GROUP BY ALL ORDER BY ALL",
            [name],
        ).fetchall()
        unfinished = connection.execute(
            "SELECT count(*) FROM writeback.plan_rows JOIN writeback.plans USING (plan_id, export) "
            "WHERE plan_rows.status = 'in doubt' OR (plan_rows.status = 'planned' AND plans.status <> 'superseded')"
        ).fetchall()
    half = len(people[::2])
    made = len(people) - half + len(companies)
    assert logged == [("delete", made, made), ("update", half, half)]
    assert unfinished == [(0,)]
