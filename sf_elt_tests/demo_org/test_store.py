"""The record store: transactions, time, Ids, files."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from sf_elt.demo_org.errors import OrgError
from sf_elt.demo_org.saving import save
from sf_elt.demo_org.schema import load_schema
from sf_elt.demo_org.store import Store, StoreMismatch, table

ADMIN = "005Hs0000000001IAA"


class MovableClock:
    """A clock that a test sets."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


def stamps(store: Store) -> list[datetime]:
    with store.reading() as connection:
        rows = connection.execute(f'SELECT "SystemModstamp" FROM {table("Lead")} ORDER BY "Id"').fetchall()
    return [stamp for (stamp,) in rows]


def test_timestamps_are_whole_seconds_and_never_go_back() -> None:
    """Records carry the injected time without its fraction; a clock set back repeats the last second."""
    clock = MovableClock(datetime(2026, 1, 2, 3, 4, 5, 678_901, tzinfo=UTC))
    with Store(load_schema(), clock=clock) as store:
        save(store, ADMIN, "Lead", "insert", [{"LastName": "A", "Company": "B"}])
        clock.now -= timedelta(hours=1)
        save(store, ADMIN, "Lead", "insert", [{"LastName": "A", "Company": "B"}])
        clock.now += timedelta(hours=2)
        save(store, ADMIN, "Lead", "insert", [{"LastName": "A", "Company": "B"}])
        assert stamps(store) == [
            datetime(2026, 1, 2, 3, 4, 5),
            datetime(2026, 1, 2, 3, 4, 5),
            datetime(2026, 1, 2, 4, 4, 5),
        ]


def test_a_file_keeps_records_ids_and_time(tmp_path: Path) -> None:
    """Reopened, the store has its records, gives new Ids and goes on after its last timestamp."""
    file, clock = tmp_path / "org.duckdb", MovableClock(datetime(2026, 1, 2, tzinfo=UTC))
    with Store(load_schema(), file, clock) as store:
        [first] = save(store, ADMIN, "Lead", "insert", [{"LastName": "Ä\n", "Company": "😀"}])
    clock.now = datetime(2025, 1, 1, tzinfo=UTC)
    with Store(load_schema(), file, clock) as store:
        [second] = save(store, ADMIN, "Lead", "insert", [{"LastName": "B", "Company": "C"}])
        assert first.id is not None
        assert second.id is not None
        assert second.id > first.id
        assert stamps(store) == [datetime(2026, 1, 2), datetime(2026, 1, 2)]


@pytest.mark.parametrize(
    "older",
    [
        'DROP TABLE records."LeadStatus"',
        'ALTER TABLE records."Lead" ALTER "Title" SET DATA TYPE BIGINT USING 0',
        """CREATE SCHEMA metadata; CREATE TABLE metadata.schema_changes AS SELECT '{"objects": 1}' AS changes""",
    ],
)
def test_a_file_of_another_version_is_refused(tmp_path: Path, older: str) -> None:
    """Whatever differs, an object, a type or how changes are kept, the refusal says what to do."""
    file = tmp_path / "org.duckdb"
    Store(load_schema(), file).close()
    with duckdb.connect(str(file)) as connection:
        connection.execute(older)
    with pytest.raises(StoreMismatch, match="delete it"):
        Store(load_schema(), file)


def test_a_file_of_other_fields_is_refused(tmp_path: Path) -> None:
    """A file made by another version of the schema is not read as if it were this one's."""
    file = tmp_path / "org.duckdb"
    Store(load_schema(), file).close()
    with duckdb.connect(str(file)) as connection:
        connection.execute('ALTER TABLE records."Lead" DROP COLUMN "Title"')
    with pytest.raises(StoreMismatch, match="Lead"):
        Store(load_schema(), file)


def test_a_failed_transaction_leaves_nothing() -> None:
    """An exception inside `writing` rolls everything back and lets the next writer in."""
    with Store(load_schema()) as store:
        with pytest.raises(RuntimeError), store.writing() as write:
            write.connection.execute(f'INSERT INTO {table("Lead")} ("Id") VALUES (?)', ["00Q"])
            raise RuntimeError
        assert store.count("Lead") == 0


def test_load_takes_stored_fields_only() -> None:
    """Computed and unknown columns are refused by name; missing booleans are false, computed fields compute."""
    with Store(load_schema()) as store:
        ids = store.next_ids("Opportunity", 1)
        with pytest.raises(ValueError, match="IsWon, Nix"):
            store.load("Opportunity", pa.table({"Id": ids, "IsWon": [True], "Nix": [1]}))
        store.load("Opportunity", pa.table({"Id": ids, "StageName": ["Closed Won"], "CloseDate": ["2026-08-15"]}))
        with store.reading() as connection:
            row = connection.execute(
                'SELECT "IsWon", "IsClosed", "Fiscal", "FiscalQuarter", "IsPrivate" FROM records."Opportunity"'
            ).fetchone()
        assert row == (True, True, "2026 3", 3, False)


def test_ids_after_a_load_are_new() -> None:
    """Loaded Ids are never given out again."""
    with Store(load_schema()) as store:
        ids = store.next_ids("Lead", 3)
        with Store(load_schema()) as other:
            other.load("Lead", pa.table({"Id": ids}))
            assert other.next_ids("Lead", 1)[0] not in ids


def test_records_are_found_by_their_key() -> None:
    """A batch of 200 records is looked up by the index on their Ids, whoever's cursor asks; no Id is there twice."""
    with Store(load_schema()) as store:
        ids = store.next_ids("Lead", 1000)
        store.load("Lead", pa.table({"Id": ids}))
        lookup = f'EXPLAIN ANALYZE SELECT "LastName" FROM {table("Lead")} WHERE "Id" IN (SELECT unnest(?))'
        with store.reading() as connection:
            [(_, plan)] = connection.execute(lookup, [ids[:200]]).fetchall()
        assert "Index Scan" in plan
        with pytest.raises(duckdb.ConstraintException, match="primary key"):
            store.load("Lead", pa.table({"Id": ids[:1]}))


def test_closing_interrupts_who_reads_and_refuses_who_comes_later() -> None:
    """A long read ends at once with SERVER_UNAVAILABLE when the store closes, and so does every later one."""
    store = Store(load_schema())
    started = threading.Event()

    def read_for_ever() -> None:
        with store.reading() as connection:
            started.set()
            connection.execute("SELECT count(*) FROM range(100000000) a, range(100000000) b WHERE a.range < b.range")

    with ThreadPoolExecutor(1) as threads:
        reader = threads.submit(read_for_ever)
        started.wait()
        store.close()
        with pytest.raises(OrgError, match="SERVER_UNAVAILABLE"):
            reader.result()
    with pytest.raises(OrgError, match="SERVER_UNAVAILABLE"), store.reading():
        pass
    with pytest.raises(OrgError, match="SERVER_UNAVAILABLE"), store.writing():
        pass


def test_many_threads_save_and_read_at_once() -> None:
    """Writers wait for each other, readers see whole transactions only, nothing is lost."""
    with Store(load_schema()) as store:
        done = threading.Event()

        def count_until_done() -> set[int]:
            seen = set()
            while not done.is_set():
                seen.add(store.count("Lead"))
            return seen

        with ThreadPoolExecutor(6) as threads:
            reader = threads.submit(count_until_done)
            records = [{"LastName": "A", "Company": "B"}] * 10
            writers = [threads.submit(save, store, ADMIN, "Lead", "insert", records) for _ in range(12)]
            outcomes = [outcome for writer in writers for outcome in writer.result()]
            done.set()
            seen = reader.result()
        assert len({outcome.id for outcome in outcomes}) == store.count("Lead") == 120
        assert all(count % 10 == 0 for count in seen)
