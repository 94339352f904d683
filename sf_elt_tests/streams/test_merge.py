"""The merge: whatever order reads arrive in, the newest version of each record stands."""

import csv
import gzip
import itertools
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sf_elt.salesforce import Download
from sf_elt.streams import LandingUnreadable, Shortfall
from sf_elt.streams.columns import Column, StreamColumns
from sf_elt.streams.merge import MergeCounts, merge_download
from sf_elt.streams.schema import adapt_table
from sf_elt.warehouse import Warehouse
from sf_elt_tests.examples import some

DAY = datetime(2026, 3, 1, tzinfo=UTC)
COLUMNS = StreamColumns(
    (
        Column("Id", "VARCHAR"),
        Column("SystemModstamp", "TIMESTAMP"),
        Column("IsDeleted", "BOOLEAN"),
        Column("Name", "VARCHAR"),
    ),
    timestamp_field="SystemModstamp",
    version_field="SystemModstamp",
    has_deleted=True,
    substance=("Id", "IsDeleted", "Name"),
)
_numbers = itertools.count()

Row = tuple[str, int, bool, str]  # Id, version in seconds, deleted, name


def _landed(folder: Path, rows: Sequence[Row], reported: int | None = None) -> Download:
    file = folder / f"page-{next(_numbers)}.csv.gz"
    with gzip.open(file, "wt", newline="", encoding="utf-8") as landing:
        writer = csv.writer(landing, quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writerow(COLUMNS.names)
        for record, version, deleted, name in rows:
            at = DAY + timedelta(seconds=version)
            writer.writerow([record, f"{at:%Y-%m-%dT%H:%M:%S}.000Z", str(deleted).lower(), name])
    return Download("bulk", (file,), len(rows) if reported is None else reported)


def _merge(connection: duckdb.DuckDBPyConnection, download: Download, loaded_at: datetime = DAY) -> MergeCounts:
    shape = adapt_table(connection, "things", COLUMNS.columns, loaded_at)
    return merge_download(connection, "things", COLUMNS, shape, download, loaded_at=loaded_at, window="w")


def _standing(connection: duckdb.DuckDBPyConnection) -> list[tuple[object, ...]]:
    return connection.execute(
        'SELECT "Id", "SystemModstamp", "Name", _deleted_at IS NOT NULL FROM streams.things ORDER BY 1'
    ).fetchall()


@contextmanager
def _stream() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE SCHEMA streams; CREATE SCHEMA ops; CREATE TABLE ops.read_apart (stream VARCHAR, field VARCHAR)"
        )
        connection.execute(
            "CREATE TABLE ops.schema_changes (stream VARCHAR, field VARCHAR, change VARCHAR, type_before VARCHAR,"
            " type_after VARCHAR, seen_at TIMESTAMP)"
        )
        yield connection


_versions = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 5)), unique=True, min_size=1, max_size=12)


@settings(max_examples=some(10), suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(history=_versions, data=st.data())
def test_any_order_of_reads_ends_in_the_newest_versions(
    tmp_path: Path, history: list[tuple[str, int]], data: st.DataObject
) -> None:
    """Reads of parts of a history, shuffled and repeated, end in the newest version of each record."""
    rows: list[Row] = [(record, version, version == 3, f"{record} v{version}") for record, version in history]
    reads = data.draw(st.lists(st.lists(st.sampled_from(rows), max_size=6), max_size=5))
    order = data.draw(st.permutations([*reads, rows]))
    newest = {record: max(row[1] for row in rows if row[0] == record) for record, *_ in rows}
    with _stream() as connection:
        for number, read in enumerate(order):
            counts = _merge(connection, _landed(tmp_path, read), DAY + timedelta(hours=number))
            assert counts.rows_new + counts.rows_changed + counts.rows_unchanged == len(read)
        assert _standing(connection) == [
            (record, (DAY + timedelta(seconds=version)).replace(tzinfo=None), f"{record} v{version}", version == 3)
            for record, version in sorted(newest.items())
        ]


def test_reading_again_changes_nothing_at_all(tmp_path: Path) -> None:
    """The same rows read again leave the table as it was, to the last column."""
    rows: list[Row] = [("a", 1, False, "N/A"), ("b", 2, True, "")]
    with _stream() as connection:
        first = _merge(connection, _landed(tmp_path, rows))
        before = connection.execute("FROM streams.things ORDER BY ALL").fetchall()
        again = _merge(connection, _landed(tmp_path, rows), DAY + timedelta(days=1))
        assert connection.execute("FROM streams.things ORDER BY ALL").fetchall() == before
    assert (first.rows_new, first.rows_deleted, again.rows_unchanged) == (2, 1, 2)


def test_the_same_version_with_other_content_is_taken_from_the_later_read(tmp_path: Path) -> None:
    """A formula can change without moving the timestamp: the later read wins, also where it arrives first."""
    earlier, later = DAY, DAY + timedelta(hours=1)
    with _stream() as connection:
        _merge(connection, _landed(tmp_path, [("a", 1, False, "later")]), later)
        _merge(connection, _landed(tmp_path, [("a", 1, False, "earlier")]), earlier)
        assert _standing(connection)[0][2] == "later"
        counts = _merge(connection, _landed(tmp_path, [("a", 1, False, "latest")]), later + timedelta(hours=1))
        assert (_standing(connection)[0][2], counts.rows_changed) == ("latest", 1)


def test_a_deleted_record_stays_deleted_until_it_is_undeleted(tmp_path: Path) -> None:
    """An older living version does not bring it back; a newer one does."""
    with _stream() as connection:
        _merge(connection, _landed(tmp_path, [("a", 2, True, "x")]))
        _merge(connection, _landed(tmp_path, [("a", 1, False, "x")]), DAY + timedelta(hours=1))
        assert _standing(connection)[0][3] is True
        _merge(connection, _landed(tmp_path, [("a", 3, False, "x")]), DAY + timedelta(hours=2))
        assert _standing(connection)[0][3] is False


@pytest.mark.parametrize("reported", [1, 3])
def test_rows_that_are_not_as_many_as_reported_move_nothing(tmp_path: Path, reported: int) -> None:
    """One row too few or too many ends the transaction, and the stream is as it was."""
    warehouse = Warehouse(tmp_path / "warehouse")
    with warehouse.write() as connection:
        _merge(connection, _landed(tmp_path, [("a", 1, False, "kept")]))
    rows: list[Row] = [("a", 2, False, "lost"), ("b", 2, False, "lost")]
    with pytest.raises(Shortfall, match=f"reported {reported} rows.*2 arrived"), warehouse.write() as connection:
        _merge(connection, _landed(tmp_path, rows, reported))
    with warehouse.read() as connection:
        assert [row[2] for row in _standing(connection)] == ["kept"]


def test_other_columns_than_asked_for_are_refused(tmp_path: Path) -> None:
    """A page whose header is not the query's is never read by position; another order of the same columns is fine."""
    file = tmp_path / "page.csv"
    file.write_text('"Name","Id","IsDeleted","SystemModstamp"\n"n","a","false","2026-03-01T00:00:00.000Z"\n', "utf-8")
    with _stream() as connection:
        _merge(connection, Download("bulk", (file,), 1))
        assert _standing(connection)[0][:3] == ("a", DAY.replace(tzinfo=None), "n")
        file.write_text('"Name","Id","Email","SystemModstamp"\n', "utf-8")
        with pytest.raises(LandingUnreadable, match="other columns"):
            _merge(connection, Download("bulk", (file,), 0))


def test_a_value_that_does_not_fit_its_type_is_a_clear_error(tmp_path: Path) -> None:
    """What the org describes as a datetime and sends as something else names the column, but no value."""
    file = tmp_path / "page.csv"
    file.write_text('"Id","SystemModstamp","IsDeleted","Name"\n"a","soon","false","n"\n', "utf-8")
    with _stream() as connection, pytest.raises(LandingUnreadable, match=r"things.*SystemModstamp as T") as caught:
        _merge(connection, Download("bulk", (file,), 1))
    assert "soon" not in "".join(traceback.format_exception(caught.value))


def test_a_page_whose_compression_breaks_off_is_a_clear_error(tmp_path: Path) -> None:
    """Half a gzip page in a whole HTTP reply moves nothing, and the error says what to do."""
    download = _landed(tmp_path, [(f"{number:018d}", 1, False, "x" * number) for number in range(200)])
    (file,) = download.files
    file.write_bytes(file.read_bytes()[:-200])
    with _stream() as connection, pytest.raises(LandingUnreadable, match=r"breaks off.*run the window again"):
        _merge(connection, download)


def _changed_at(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Id → when somebody last changed the record, in seconds since DAY."""
    rows = connection.execute('SELECT "Id", _changed_at FROM streams.things').fetchall()
    return {record: round((at.replace(tzinfo=UTC) - DAY).total_seconds()) for record, at in rows}


def test_a_save_without_a_change_is_no_modification(tmp_path: Path) -> None:
    """A record saved again, by our own export say, keeps the time of its last real change; a real change moves it."""
    with _stream() as connection:
        _merge(connection, _landed(tmp_path, [("a", 1, False, "Ann"), ("b", 2, False, "Bob"), ("c", 3, False, "Cy")]))
        counts = _merge(connection, _landed(tmp_path, [("a", 9, False, "Ann"), ("b", 9, False, "Rob")]))
        assert counts.rows_changed == 2
        assert _changed_at(connection) == {"a": 1, "b": 9, "c": 3}
        _merge(connection, _landed(tmp_path, [("a", 10, False, "Ann"), ("b", 10, True, "Rob")]))
        assert _changed_at(connection) == {"a": 1, "b": 10, "c": 3}
