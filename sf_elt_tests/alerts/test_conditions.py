"""What is wrong, by what a real warehouse and a real ledger of calls say."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from multiprocessing import active_children, get_context
from pathlib import Path

import duckdb
import pytest

from sf_elt.alerts import Expected, Finding, IncidentBook, Spender, approvals, lags, quotas, rises, unread
from sf_elt.warehouse import CallLedger, Warehouse, WarehouseBusy, naive

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
ORG = "https://example.my.salesforce.com"


def nothing_lately(streams: object) -> dict[str, datetime]:
    """Dagster's storage knows of no materialization."""
    return {}


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return Warehouse(tmp_path / "warehouse")


def spend(warehouse: Warehouse, job: str, calls: int, at: datetime) -> None:
    ledger = CallLedger(warehouse.calls().file, clock=at.timestamp)
    for _ in range(calls):
        assert ledger.reserve(job, None, "GET", "/query") is None


def test_a_quota_is_told_from_the_share_on(warehouse: Warehouse) -> None:
    """Eight of ten calls are told at 0.8, seven are not, and what is older than a day does not count."""
    spend(warehouse, "import:a", 8, NOW - HOUR)
    spend(warehouse, "import:b", 7, NOW - HOUR)
    spend(warehouse, "import:b", 3, NOW - 25 * HOUR)
    spenders = [Spender("import:a", 10), Spender("import:b", 10), Spender("export:never_ran", 10)]
    (found,) = quotas(warehouse, spenders, {}, share=0.8, now=NOW)
    assert (found.subject, found.says) == (
        "import:a", "8 of 10 API calls of the last 24 hours are used, 80% of its max_daily_api_calls.",
    )  # fmt: skip
    assert quotas(warehouse, spenders, {}, share=0.8, now=NOW + 24 * HOUR) == []


def test_an_orgs_own_allowance_is_told_by_its_connection(warehouse: Warehouse) -> None:
    """By the connection's name, never by who logs in; not of an org that is no connection's, nor by old news."""
    person = "bot@example.com at https://login.salesforce.com"
    for org, used in ((ORG, 900), (person, 1_000), ("https://another.my.salesforce.com", 1_000)):
        CallLedger(warehouse.calls().file, clock=NOW.timestamp).note_allowance(org, used, 1_000)
    found = quotas(warehouse, [], {ORG: "salesforce", person: "sandbox"}, share=0.9, now=NOW)
    assert sorted(each.subject for each in found) == ["connection:salesforce", "connection:sandbox"]
    assert "@" not in str(found)
    assert quotas(warehouse, [], {ORG: "salesforce"}, share=0.9, now=NOW + 25 * HOUR) == []


def insert(warehouse: Warehouse, table: str, *rows: Mapping[str, object]) -> None:
    with warehouse.write() as connection:
        for row in rows:
            _insert(connection, table, row)


def _insert(connection: duckdb.DuckDBPyConnection, table: str, row: Mapping[str, object]) -> None:
    values = {name: naive(value) if isinstance(value, datetime) else value for name, value in row.items()}
    marks = ", ".join(f"${name} AS {name}" for name in values)
    connection.execute(f"INSERT INTO {table} BY NAME SELECT {marks}", values)


def window(stream: str, read_to: datetime) -> dict[str, object]:
    moments = dict.fromkeys(("window_start", "window_end", "read_from", "read_to", "completed_at"), read_to)
    counts = ("org_count", "rows_read", "rows_new", "rows_changed", "rows_unchanged", "rows_deleted", "api_calls")
    return {
        **moments, **dict.fromkeys(counts, 0), "stream": stream, "is_open": True, "seconds": 1.0,
        "timestamp_field": "SystemModstamp", "transport": "rest", "run_id": "run",
    }  # fmt: skip


def test_a_stream_lags_that_was_not_read_so_far(warehouse: Warehouse) -> None:
    """By how far it was read, not by when: reading old windows does not count. Events count by their files."""
    read = (("late", 4), ("late", 90), ("fresh", 1))
    insert(warehouse, "ops.windows", *(window(stream, NOW - hours * HOUR) for stream, hours in read))
    reading = {"stream": "events", "file": "a", "md5": "", "rows_read": 1, "rows_set_aside": 0}
    insert(warehouse, "ops.event_files", {**reading, "read_at": NOW - 5 * HOUR})
    book = IncidentBook.of(warehouse)
    expected = [Expected(each, "salesforce", NOW - 3 * HOUR) for each in ("late", "fresh", "events", "never")]
    late, events = lags(warehouse, book, expected, nothing_lately, now=NOW)
    assert (late.subject, late.since) == ("streams/late", NOW - 4 * HOUR)
    assert late.says == "it was last read up to 2026-11-22 08:00 UTC, 4.0 hours ago."
    assert events.subject == "streams/events"
    later = NOW + 4 * HOUR
    expected = [replace(each, by=each.by + 4 * HOUR) for each in expected]
    found = {each.subject: each.says for each in lags(warehouse, book, expected, nothing_lately, now=later)}
    assert found["streams/never"] == "it has never been read."


def test_a_warehouse_that_was_never_written_lags_from_when_it_was_first_looked_at(warehouse: Warehouse) -> None:
    """Before the first run there is no file, and no error."""
    book = IncidentBook.of(warehouse)
    assert lags(warehouse, book, [Expected("a", "w", NOW - 3 * HOUR)], nothing_lately, now=NOW) == []
    later = NOW + 4 * HOUR
    assert len(lags(warehouse, book, [Expected("a", "w", later - 3 * HOUR)], nothing_lately, now=later)) == 1
    assert rises(warehouse, more_than=0, times_usual=1, open_since={}, now=NOW) == []


def _hold(root: Path, held: object, release: object) -> None:
    with Warehouse(root).write():
        held.set()
        release.wait(30)


@pytest.fixture
def held(warehouse: Warehouse) -> Iterator[Warehouse]:
    """A warehouse that another process writes to, for those who wait a tenth of a second for it."""
    processes = get_context("fork")
    held, release = processes.Event(), processes.Event()
    writer = processes.Process(target=_hold, args=(warehouse.root, held, release))
    writer.start()
    assert held.wait(30)
    yield replace(warehouse, wait_seconds=0.1)
    release.set()
    writer.join()


def test_while_a_run_writes_the_book_the_quotas_and_the_lags_work(held: Warehouse) -> None:
    """Rises cannot be told then, and say so; calls, and incidents themselves, can.

    A stream lags by what the warehouse said last, or by what Dagster's storage says, whatever is later.
    """
    book = IncidentBook.of(held)
    book.remember({"a": NOW - 5 * HOUR, "b": NOW - 5 * HOUR})
    expected = [Expected(each, "w", NOW - 3 * HOUR) for each in "abc"]
    found = lags(held, book, expected, lambda streams: {"b": NOW - HOUR, "c": NOW - 4 * HOUR}, now=NOW)
    assert [(each.subject, each.since) for each in found] == [
        ("streams/a", NOW - 5 * HOUR), ("streams/c", NOW - 4 * HOUR),
    ]  # fmt: skip
    with pytest.raises(WarehouseBusy):
        rises(held, more_than=0, times_usual=1, open_since={}, now=NOW)
    assert quotas(held, [Spender("import:a", 10)], {}, share=0.8, now=NOW) == []
    book.add([Finding("failure", "run", "streams/a", "WarehouseBusy.", NOW, "run", "run")], now=NOW)
    assert len(book.incidents()) == 1


def test_a_warehouse_that_is_held_for_long_is_told_with_who_holds_it(held: Warehouse) -> None:
    """Not before, and from when it was first found so."""
    book = IncidentBook.of(held)
    assert unread(held, book, longest=HOUR, now=NOW) == []
    (found,) = unread(held, book, longest=HOUR, now=NOW + 2 * HOUR)
    (writer,) = active_children()
    assert found.since == NOW
    assert found.says.startswith(f"process {writer.pid} (")
    assert found.says.endswith("has held it for 2.0 hours.")


def test_a_warehouse_that_is_broken_is_told_at_once(warehouse: Warehouse) -> None:
    """By the name of the error; one that there is not yet is not wrong. Once it could be read, it begins anew."""
    book = IncidentBook.of(warehouse)
    assert unread(warehouse, book, longest=HOUR, now=NOW) == []
    for now in (NOW, NOW + 2 * HOUR):
        warehouse.file.write_bytes(b"no warehouse")
        (found,) = unread(warehouse, book, longest=HOUR, now=now)
        assert (found.says, found.since) == ("WarehouseUnreadable: see `sf-elt doctor`.", now)
        warehouse.file.unlink()
        with warehouse.write():
            pass
        assert unread(warehouse, book, longest=HOUR, now=now) == []


def test_a_plan_that_waits_is_told_with_its_numbers(warehouse: Warehouse) -> None:
    """Of which export, how much, and why it asks; not once it was approved, rejected, or planned anew."""
    assert approvals(warehouse) == []
    ran(warehouse, (1, NOW - HOUR, {}), (2, NOW, {}))
    with warehouse.write() as connection:
        connection.execute(
            "UPDATE writeback.plans SET status = 'waiting for approval', held_because = 'it would delete 9 of 10',"
            " rows_by_operation = MAP {'delete': 9, 'update': 1200} WHERE plan_id = 'plan 2'"
        )
    (found,) = approvals(warehouse)
    assert (found.subject, found.since, found.run_id) == ("writeback/leads", NOW, "r2")
    assert found.says == (
        "plan plan 2 waits, and nothing is sent meanwhile (9 to delete, 1,200 to update): it would delete 9 of 10."
    )


Run = tuple[int, datetime, Mapping[tuple[str, str], int]]
"""A run of the export `leads`: its number, when it ran, and how many records had each (status, code)."""


def ran(warehouse: Warehouse, *runs: Run) -> None:
    with warehouse.write() as connection:
        for number, at, outcomes in runs:
            plan = {
                "plan_id": f"plan {number}", "export": "leads", "object": "Lead", "operation": "update",
                "run_id": f"r{number}", "rows_planned": 1, "rows_unchanged": 0, "rows_set_aside": 0, "status": "done",
                "planned_at": at,
            }  # fmt: skip
            _insert(connection, "writeback.plans", plan)
            for (status, code), records in outcomes.items():
                connection.execute(
                    "INSERT INTO writeback.sync_log BY NAME SELECT $run_id AS run_id, $plan AS plan_id,"
                    " 'leads' AS export, 'p' || number AS profile_id, $status || number AS record_id,"
                    " 'update' AS operation, [] AS changed_fields, $status AS status, $code AS code, 1 AS attempt,"
                    " 'collections' AS transport, $at::TIMESTAMP AS logged_at FROM range($records) AS all_(number)",
                    {
                        "run_id": f"r{number}", "plan": f"plan {number}", "status": status, "code": code,
                        "at": naive(at), "records": records,
                    },
                )  # fmt: skip


def rise(warehouse: Warehouse, now: datetime, **open_since: datetime) -> list[Finding]:
    since = {f"writeback/{name}": at for name, at in open_since.items()}
    return rises(warehouse, more_than=20, times_usual=2, open_since=since, now=now)


def test_more_refused_records_than_usual_are_told(warehouse: Warehouse) -> None:
    """More than 20, and more than twice the median of the week: 30 where 15 are usual are not, 31 are."""
    usually = {("failed", "X"): 15, ("succeeded", ""): 100}
    runs = [(number, NOW - timedelta(days=number + 1), usually) for number in range(5)]
    ran(warehouse, *runs, (90, NOW - 3 * HOUR, {("failed", "X"): 30}))
    assert rise(warehouse, NOW) == []
    usual = {("set aside", "LEAD_CONVERTED"): 500, ("set aside", "AMBIGUOUS"): 5}
    ran(warehouse, (91, NOW - 2 * HOUR, {("failed", "FIELD_CUSTOM_VALIDATION_EXCEPTION"): 26, **usual}))
    (found,) = rise(warehouse, NOW)
    assert (found.subject, found.occurrence) == ("writeback/leads", "r91")
    assert found.says == (
        "31 records in the run of 2026-11-22 10:00 UTC; usual are 15 (the median of 6 runs). "
        "Most often: A validation rule said no (FIELD_CUSTOM_VALIDATION_EXCEPTION)."
    )


def test_what_is_refused_for_long_does_not_become_usual(warehouse: Warehouse) -> None:
    """While the incident lasts, it is held against the week before it; a run with few ends it."""
    before = [(number, NOW - timedelta(days=3 - number), {("succeeded", ""): 9}) for number in range(3)]
    ran(warehouse, *before, *((number, NOW + number * HOUR, {("failed", "X"): 50}) for number in range(10, 20)))
    later = NOW + 30 * HOUR
    assert rise(warehouse, later) == []
    (found,) = rise(warehouse, later, leads=NOW + 10 * HOUR)
    assert "usual are 0 (the median of 3 runs)" in found.says
    ran(warehouse, (20, NOW + 21 * HOUR, {("succeeded", ""): 50}))
    assert rise(warehouse, later, leads=NOW + 10 * HOUR) == []


def test_a_record_that_was_written_in_the_end_is_not_refused(warehouse: Warehouse) -> None:
    """Refused at first, and written by the same run: it does not count."""
    ran(warehouse, (1, NOW - HOUR, {("failed", "UNABLE_TO_LOCK_ROW"): 25}))
    assert len(rise(warehouse, NOW)) == 1
    with warehouse.write() as connection:
        connection.execute(
            "INSERT INTO writeback.sync_log BY NAME SELECT * REPLACE ('succeeded' AS status) FROM writeback.sync_log"
        )
    assert rise(warehouse, NOW) == []


def test_lines_of_event_files_are_refused_records_too(warehouse: Warehouse) -> None:
    """Many lines set aside by the latest reading, where there were none: told by the stream."""
    file = {"stream": "web_events", "md5": "", "rows_read": 100}
    readings = [
        {**file, "file": f"{hours}", "run_id": f"r{hours}", "rows_set_aside": bad, "read_at": NOW - hours * HOUR}
        for hours, bad in ((3, 0), (2, 0), (1, 60))
    ]
    insert(warehouse, "ops.event_files", *readings)
    (found,) = rise(warehouse, NOW)
    assert found.subject == "streams/web_events"
    assert found.says.endswith("Most often: lines that cannot be read.")
