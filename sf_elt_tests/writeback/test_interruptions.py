"""Sessions and allowances that end in the middle of an export: nobody twice, nobody lost."""

from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import timedelta
from pathlib import Path

import pytest

from sf_elt.demo_org.serve import Details
from sf_elt.salesforce import Login, Patience, connect, query_records
from sf_elt.warehouse import CallLedger, JobMeter, Warehouse, WarehouseFull
from sf_elt.writeback import ExportSpec, made
from sf_elt_tests.orgs import levers
from sf_elt_tests.small_disk import small_disk
from sf_elt_tests.writeback.conftest import Loop
from sf_elt_tests.writeback.people import Person
from sf_elt_tests.writeback.test_creating import UPSERT, person

REST = UPSERT.model_copy(update={"transport": "rest", "batch_size": 2})
BULK = UPSERT.model_copy(update={"transport": "bulk"})
STEPS = (("POST", "/ingest$"), ("PUT", "/batches$"), ("PATCH", "/ingest/[^/]+$"), ("GET", "/ingest/[^/]+$"),
         ("GET", "/successfulResults"))  # fmt: skip
LANDING = 6
"""The reply of a job after which its results land."""


@pytest.fixture(autouse=True)
def _settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is at work any more when a run ends."""
    monkeypatch.setattr(made, "SETTLING", timedelta())


def _people(loop: Loop, domain: str) -> list[Person]:
    """Four people, two of whom are leads already."""
    for number in range(2):
        loop.make_leads(1, Email=f"p{number}@{domain}", LastName="Held")
    return [person(f"{domain}-{number}", f"p{number}@{domain}") for number in range(4)]


def _agree(loop: Loop, domain: str) -> None:
    """Each of them is one lead with its title, logged once as written; a further run has nothing to do."""
    rows = query_records(loop.org, f"SELECT Email, Title FROM Lead WHERE Email LIKE '%@{domain}'")
    assert sorted((str(row["Email"]), row["Title"]) for row in rows) == [(f"p{n}@{domain}", "Dr") for n in range(4)]
    assert loop.select(
        "SELECT count(*), count(DISTINCT record_id) FROM writeback.sync_log "
        "WHERE status = 'succeeded' AND starts_with(subject_id, ?)",
        domain,
    ) == [(4, 4)]
    assert loop.select("SELECT count(*) FROM writeback.plan_rows WHERE status = 'in doubt'") == [(0,)]


@pytest.fixture
def renewable(export_org: Details, loop: Loop) -> Iterator[Loop]:
    """The loop with a login that can open a new session."""
    login = Login(
        login_url=export_org.instance_url, username=export_org.username, password=export_org.password,
        security_token=export_org.security_token,
    )  # fmt: skip
    with closing(connect(login, patience=Patience(attempts=2, first_wait=0.01))) as org:
        yield Loop(org, loop.warehouse, loop.levers)


@pytest.mark.parametrize("preset", ["expired_session", pytest.param("unauthorized", marks=pytest.mark.soak)])
@pytest.mark.parametrize("spec", [pytest.param(REST, id="rest", marks=pytest.mark.soak), pytest.param(BULK, id="bulk")])
def test_a_session_that_ends_at_every_step_is_renewed(renewable: Loop, spec: ExportSpec, preset: str) -> None:
    """At a create, an update, and each step of a job: the run goes through as if nothing had happened."""
    domain = f"{spec.transport}-{preset.replace('_', '-')}.example"
    renewable.fill(_people(renewable, domain))
    collections = [("POST", "/composite/sobjects$"), ("PATCH", "/composite/sobjects$")]
    steps = collections if spec is REST else STEPS
    renewable.levers.faults.plan(*({"preset": preset, "method": method, "path": path} for method, path in steps))
    report = renewable.run(spec)
    assert (report.succeeded, report.by_operation) == (4, {"create": 2, "update": 2})
    assert all(fault["played"] == 1 for fault in renewable.levers.faults.planned())
    _agree(renewable, domain)


@pytest.mark.soak
@pytest.mark.parametrize(
    ("spec", "step"),
    [
        pytest.param(REST, 2, id="rest", marks=pytest.mark.soak),
        pytest.param(BULK, 12, id="bulk"),
        pytest.param(REST, 1, id="rest-everywhere", marks=pytest.mark.soak),
        pytest.param(BULK, 1, id="bulk-everywhere", marks=pytest.mark.soak),
    ],
)
def test_an_allowance_that_ends_between_two_calls_pauses(
    loop: Loop, tmp_path: Path, spec: ExportSpec, step: int
) -> None:
    """After one call, after two, …: the run pauses and says so; the next one finishes, each person once."""
    paused = True
    allowed = 1
    while paused:
        domain = f"q{allowed}-{spec.transport}-{step}.example"
        loop.fill(_people(loop, domain))
        ledger = CallLedger(tmp_path / f"calls-{allowed}.sqlite")
        with loop.org.counted_by(JobMeter(ledger, "export:people", loop.org.host, limit=allowed)):
            report = loop.run(spec)
        paused = report.paused_until is not None
        assert report.api_calls <= allowed
        assert loop.run(spec).paused_until is None
        _agree(loop, domain)
        allowed += step
    assert allowed > 1 + step


@pytest.mark.soak
def test_an_org_that_has_no_calls_left_pauses_the_export(loop: Loop) -> None:
    """REQUEST_LIMIT_EXCEEDED between two batches: what was sent is kept, the rest follows when there are calls."""
    domain = "orgs-allowance.example"
    loop.fill(_people(loop, domain))
    loop.levers.faults.plan({"preset": "allowance_spent", "path": "/composite/sobjects$", "method": "PATCH"})
    report = loop.run(REST)
    assert (report.succeeded, report.waiting, report.paused_until is not None) == (2, 2, True)
    assert loop.run(REST).succeeded == 2
    _agree(loop, domain)


@pytest.mark.parametrize(
    ("spec", "reply"),
    [pytest.param(REST, reply, id=f"rest-{reply}", marks=pytest.mark.soak) for reply in range(1, 12)]
    + [
        pytest.param(BULK, reply, id=f"bulk-{reply}", marks=pytest.mark.soak)
        for reply in range(1, 12)
        if reply != LANDING
    ]
    + [pytest.param(BULK, LANDING, id="bulk")],
)
def test_a_disk_that_fills_up_between_request_and_answer_sends_nothing_twice(
    export_org: Details, login: Login, tmp_path: Path, spec: ExportSpec, reply: int
) -> None:
    """Once the org has answered there is no room to remember it: the next run, with room, finds what was written."""
    domain = f"full-{spec.transport}-{reply}.example"
    with small_disk(tmp_path / "disk", "64m") as disk, closing(connect(login)) as org:
        loop = Loop(org, Warehouse(disk.folder / "warehouse"), levers(export_org))
        loop.fill(_people(loop, domain))
        left = reply

        def fill_up(*_: object, **__: object) -> None:
            nonlocal left
            left -= 1
            if not left:
                disk.fill()

        org.session.hooks["response"].append(fill_up)
        with suppress(WarehouseFull):
            loop.run(spec)
            assert left > 0  # it has had fewer replies
        org.session.hooks["response"].clear()
        disk.clear()
        loop.run(spec)
        _agree(loop, domain)
        assert loop.run(spec).planned == 0
