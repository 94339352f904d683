"""Exports killed at random moments: log and org agree after the next run, and nothing was written twice."""

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import duckdb
import pytest

from sf_elt.demo_org.serve import Details, start_demo_org
from sf_elt.salesforce import Login, connect, query_records
from sf_elt.warehouse import Warehouse
from sf_elt_tests.orgs import levers
from sf_elt_tests.soak.support import KILLS, SEED, killed, moments, seconds_of, start
from sf_elt_tests.writeback.conftest import SPEC, Loop
from sf_elt_tests.writeback.people import Person

RECORDS = 5_200
BY_REST = SPEC.model_copy(update={"transport": "rest"})  # in 26 requests; writeback/test_kills.py does it in bulk too
UNMAPPED = {"Phone": "+41 44 000 00 00", "Company": "Acme", "LastName": "Ng"}

pytestmark = [pytest.mark.soak, pytest.mark.timeout(3600)]


@pytest.fixture
def org_process() -> Iterator[Details]:
    """An org without records, in a process of its own."""
    with start_demo_org(records=0) as org:
        yield org.details


@pytest.fixture
def loop(org_process: Details, tmp_path: Path) -> Iterator[Loop]:
    """RECORDS leads in the org and the people of the warehouse to whom they belong."""
    login = Login(instance_url=org_process.instance_url, access_token=org_process.access_token)
    with closing(connect(login)) as org:
        loop = Loop(org, Warehouse(tmp_path / "warehouse"), levers(org_process))
        ids = loop.make_leads(RECORDS, **UNMAPPED)
        loop.fill([Person("p", ids[:1], ["Hot"])])
        with loop.warehouse.write() as connection:
            _multiply(connection, ids)
        yield loop


def _multiply(connection: duckdb.DuckDBPyConnection, ids: list[str]) -> None:
    """One person for each Id, in place of the only one: `fill` takes a minute for thousands."""
    for table, changed in [
        ("profiles.profiles", "'p' || i AS profile_id, [$1[i]] AS salesforce_lead_ids"),
        ("insight.audience_members", "'p' || i AS profile_id"),
    ]:
        connection.execute(
            f"CREATE OR REPLACE TEMPORARY TABLE many AS SELECT x.* REPLACE ({changed}) "
            f"FROM {table} x, range(1, len($1) + 1) r(i)",
            [ids],
        )
        connection.execute(f"DELETE FROM {table}")
        connection.execute(f"INSERT INTO {table} FROM many")


def _rename(loop: Loop, title: str) -> None:
    """Gives everybody another title, so that the next export changes every record."""
    with loop.warehouse.write() as connection:
        connection.execute("UPDATE profiles.profiles SET title = ? || profile_id", [title])


def _check(loop: Loop, exports: int) -> None:
    """The org holds what the profiles say; `confirmed` and the log say the same, once for each export."""
    wanted = loop.select("SELECT salesforce_lead_ids[1], title FROM profiles.profiles ORDER BY ALL")
    rows = query_records(loop.org, f"SELECT Id, Title, Audiences__c, {', '.join(UNMAPPED)} FROM Lead ORDER BY Id")
    assert [tuple(row.values()) for row in rows] == [(*each, "Hot", *UNMAPPED.values()) for each in wanted]
    assert loop.select("SELECT record_id, payload->>'Title' FROM writeback.confirmed ORDER BY ALL") == wanted
    logged = (
        "SELECT record_id, count(*) AS times, count(*) FILTER (status = 'succeeded') AS good FROM writeback.sync_log"
    )
    assert loop.select(f"SELECT times, good, count(*) FROM ({logged} GROUP BY ALL) GROUP BY ALL") == [
        (exports, exports, RECORDS)
    ]


def test_exports_killed_at_random_moments_end_right(loop: Loop, org_process: Details) -> None:
    """After each kill and one rerun: org, `confirmed` and log agree, each record written once, other fields as ever."""
    began = time.monotonic()
    print(f"\nexports of {RECORDS:,} records: SOAK_SEED={SEED} SOAK_KILLS={KILLS}")

    def export():
        arguments = [org_process.instance_url, org_process.access_token, BY_REST.model_dump_json()]
        return start("sf_elt_tests.writeback.export_once", str(loop.warehouse.root), *arguments)

    _rename(loop, "undisturbed ")
    seconds = seconds_of(export())
    _check(loop, 1)
    kills = before = between = after = in_doubt = looked_up = 0
    for exports, moment in enumerate(moments(SEED), start=2):
        if kills == KILLS:
            break
        _rename(loop, f"{exports} ")
        loop.levers.calls.clear()
        was_killed = killed(export(), moment * seconds)
        ((doubtful,),) = loop.select("SELECT count(*) FROM writeback.plan_rows WHERE status = 'in doubt'")
        report = loop.run(BY_REST)
        assert report.failed == report.waiting == 0
        assert sum(rows or 0 for rows in loop.updates()) == RECORDS
        _check(loop, exports)
        print(".", end="", flush=True)
        kills += was_killed
        before += was_killed and report.succeeded == RECORDS
        between += was_killed and 0 < report.succeeded < RECORDS
        after += not report.succeeded
        in_doubt += doubtful
        looked_up += report.confirmed_by_lookup
    assert loop.run(BY_REST).planned == 0
    print(
        f"\n{kills} kills of an export of {seconds:.1f} s, each made right by one rerun: {before} before the first "
        f"record was written, {between} between, {after} after the last or not at all; {in_doubt:,} records were "
        f"in doubt, {looked_up:,} of them written already; {time.monotonic() - began:.0f} s"
    )
