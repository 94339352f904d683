"""The merge against a model of it in plain Python, over random histories of downloads."""

import csv
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from math import isnan, nan
from pathlib import Path

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sf_elt.salesforce import Download
from sf_elt.streams import merge
from sf_elt.streams.columns import Column, StreamColumns
from sf_elt.streams.merge import MergeCounts, merge_download
from sf_elt.streams.schema import adapt_table
from sf_elt_tests.examples import some

DAY = datetime(2026, 3, 1, tzinfo=UTC)
COLUMNS = StreamColumns(
    (
        Column("Id", "VARCHAR"),
        Column("SystemModstamp", "TIMESTAMP"),
        Column("IsDeleted", "BOOLEAN"),
        Column("Name", "VARCHAR"),
        Column("Score__c", "DOUBLE"),
        Column("Topics__c", "VARCHAR[]"),
        Column("Ours__c", "VARCHAR"),
    ),
    timestamp_field="SystemModstamp",
    version_field="SystemModstamp",
    has_deleted=True,
    substance=("Id", "IsDeleted", "Name", "Score__c", "Topics__c"),
)


@dataclass(frozen=True)
class Version:
    """A version of a record, as one read brings it."""

    record: str
    at: int
    is_deleted: bool
    name: str | None
    score: float | None
    topics: tuple[str, ...] | None
    ours: str | None

    @property
    def substance(self) -> tuple[object, ...]:
        score = "nan" if self.score is not None and isnan(self.score) else self.score
        return (self.is_deleted, self.name, score, self.topics)

    @property
    def content(self) -> tuple[object, ...]:
        return (*self.substance, self.ours)


@dataclass(frozen=True)
class Standing:
    """What the model holds of a record: the version, the read that brought it, and when it last really changed."""

    version: Version
    read: int
    changed_at: int


def _after(standing: Standing | None, version: Version, read: int) -> Standing:
    """What stands once the version has been read."""
    if standing is None:
        return Standing(version, read, version.at)
    held = standing.version
    if version.at < held.at or (version.at == held.at and read < standing.read):
        return standing
    if version.at == held.at and version.content == held.content:
        return standing
    touched = version.substance != held.substance
    return Standing(version, read, version.at if touched else standing.changed_at)


# Few values, so that versions with equal contents are often drawn.
_contents = st.builds(
    Version,
    record=st.sampled_from("ab"),
    at=st.integers(0, 3),
    is_deleted=st.booleans(),
    name=st.sampled_from([None, 'null, "quoted"\nß']),
    score=st.sampled_from([0.1 + 0.2, nan]),
    topics=st.sampled_from([None, ("Data", "Email")]),
    ours=st.sampled_from([None, "x", "y"]),
)
_reads = st.lists(
    st.tuples(
        st.integers(0, 5),  # when it was read, in hours: not always the order in which it is merged
        st.lists(st.lists(_contents, max_size=4, unique_by=lambda each: (each.record, each.at)), max_size=3),
    ),
    max_size=6,
)


_SAVED = Version("a", 1, is_deleted=False, name="Ann", score=nan, topics=("Data",), ours="x")


@settings(max_examples=some(12), deadline=None)
@example(reads=[(0, [[_SAVED]]), (1, [[replace(_SAVED, at=2, ours="y")]])], together=True)
@given(reads=_reads, together=st.booleans())
def test_the_stream_is_what_the_model_says(reads: list[tuple[int, list[list[Version]]]], together: bool) -> None:
    """Any pages in any order, merged at once or a page at a time, leave what the model says, to the last column."""
    held: dict[str, Standing] = {}
    with _stream() as (connection, folder), pytest.MonkeyPatch.context() as patch:
        patch.setattr(merge, "PART", 1 << 30 if together else 1)
        for read, drawn in reads:
            pages = _one_read(drawn, several_versions=together)
            counts = _merge(connection, folder, pages, read)
            versions = [version for page in pages for version in page]
            newest = {each.record: each for each in sorted(versions, key=lambda each: each.at)}
            after = held | {name: _after(held.get(name), version, read) for name, version in newest.items()}
            assert counts.rows_read == len(versions)
            assert counts.rows_new == len(after) - len(held)
            assert counts.rows_changed == sum(after[name] is not held[name] for name in held)
            assert counts.rows_unchanged == len(versions) - counts.rows_new - counts.rows_changed
            assert counts.rows_deleted == sum(
                each.version.is_deleted for name, each in after.items() if each is not held.get(name)
            )
            assert _table(connection) == sorted(_row(standing) for standing in after.values())
            held = after


def _one_read(pages: Sequence[Sequence[Version]], *, several_versions: bool) -> list[list[Version]]:
    """What one read can bring: a version has one content; a record comes once, or in several versions."""
    first: dict[tuple[str, int], Version] = {}
    seen: set[str] = set()
    read = []
    for page in pages:
        kept = [first.setdefault((each.record, each.at), each) for each in page]
        if not several_versions:
            kept = [each for each in {each.record: each for each in kept}.values() if each.record not in seen]
            seen.update(each.record for each in kept)
        read.append(kept)
    return read


@contextmanager
def _stream() -> Iterator[tuple[duckdb.DuckDBPyConnection, Path]]:
    with duckdb.connect() as connection, tempfile.TemporaryDirectory() as folder:
        connection.execute(
            "CREATE SCHEMA streams; CREATE SCHEMA ops; CREATE TABLE ops.read_apart (stream VARCHAR, field VARCHAR)"
        )
        connection.execute(
            "CREATE TABLE ops.schema_changes (stream VARCHAR, field VARCHAR, change VARCHAR, type_before VARCHAR,"
            " type_after VARCHAR, seen_at TIMESTAMP)"
        )
        yield connection, Path(folder)


def _merge(
    connection: duckdb.DuckDBPyConnection, folder: Path, pages: Sequence[Sequence[Version]], read: int
) -> MergeCounts:
    landed = []
    for number, page in enumerate(pages):
        landed.append(folder / f"page-{number}.csv")
        with landed[-1].open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n")
            writer.writerow(COLUMNS.names)
            writer.writerows(_cells(version) for version in page)
    download = Download("bulk", tuple(landed), sum(len(page) for page in pages))
    at = DAY + timedelta(hours=read)
    shape = adapt_table(connection, "things", COLUMNS.columns, at)
    return merge_download(connection, "things", COLUMNS, shape, download, loaded_at=at, window=str(read))


def _cells(version: Version) -> list[object]:
    at = DAY + timedelta(seconds=version.at)
    return [
        version.record,
        f"{at:%Y-%m-%dT%H:%M:%S}.000Z",
        str(version.is_deleted).lower(),
        version.name,
        version.score,
        None if version.topics is None else ";".join(version.topics),
        version.ours,
    ]


def _table(connection: duckdb.DuckDBPyConnection) -> list[str]:
    rows = connection.execute(
        'SELECT "Id", "SystemModstamp", "IsDeleted", "Name", "Score__c", "Topics__c", "Ours__c", _loaded_at, _window,'
        " _deleted_at, _changed_at FROM streams.things"
    ).fetchall()
    return sorted(str(row) for row in rows)


def _row(standing: Standing) -> str:
    version = standing.version
    at, changed_at = (DAY.replace(tzinfo=None) + timedelta(seconds=each) for each in (version.at, standing.changed_at))
    topics = None if version.topics is None else list(version.topics)
    loaded_at = DAY.replace(tzinfo=None) + timedelta(hours=standing.read)
    deleted_at = at if version.is_deleted else None
    own = (loaded_at, str(standing.read), deleted_at, changed_at)
    return str((version.record, at, version.is_deleted, version.name, version.score, topics, version.ours, *own))
