"""Behavioural events from JSON Lines files, each row exactly once; lines that cannot be read are set aside, counted.

A line is an object with `occurred_at` (ISO 8601; UTC where it names no offset) and any of `event_id`, `type`,
`email`, `anonymous_id`, `url`, `title`, `topics` (a list of texts) and `properties` (an object). Other keys are kept
among the properties.
"""

import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from glob import glob
from hashlib import md5
from importlib.resources import files as resources
from pathlib import Path

import pyarrow as pa
from duckdb import DuckDBPyConnection

from sf_elt.streams.errors import EventsUnreadable, SpecRefused
from sf_elt.warehouse import Warehouse, quote_table

Progress = Callable[[str, int, int | None], None]

BATCH = 64 << 20  # bytes of a file that are looked at together
SUFFIXES = (".jsonl", ".ndjson", ".json")

_STREAM = re.compile(r"[a-z][a-z0-9_]{0,62}")


@dataclass(frozen=True)
class EventSpec:
    """An event stream and where its files are: folders (every .jsonl, .ndjson and .json file in them), files, globs."""

    stream: str
    paths: tuple[str, ...]

    def __post_init__(self) -> None:
        if not _STREAM.fullmatch(self.stream):
            raise SpecRefused(f"a stream is named in lower case like web_events, not {self.stream!r}")


@dataclass(frozen=True)
class UnreadableFile:
    """A file that could not be opened, and why; the others were read all the same."""

    file: str
    reason: str


@dataclass(frozen=True)
class EventsReport:
    """What one import of event files did. `files` counts those that were read.

    `repeated` counts lines with an event that another line has brought: the same event_id with the same content.
    """

    stream: str
    rows: int
    repeated: int
    set_aside: int
    files: int
    files_known: int
    unreadable: tuple[UnreadableFile, ...]
    newest: datetime | None
    rows_in_stream: int
    seconds: float


def import_events(
    warehouse: Warehouse, spec: EventSpec, *, now: datetime, run_id: str, progress: Progress | None = None
) -> EventsReport:
    """Reads every file that has not been read with this very content; of one that grew, only the new rows.

    An event_id is one event of the stream: with the same content it is kept once, with other content the line is set
    aside. A file's rows, its set-aside lines and the record that it was read commit in one transaction. A file that
    cannot be opened does not stop the others; it is in the report. Raises EventsUnreadable where there is no such
    folder or file at all, or where no file could be opened.
    """
    started = time.monotonic()
    found = event_files(spec)
    tally = _Tally()
    done = 0
    for group in _groups(found) or [[]]:
        if progress is not None and group:
            progress(f"{spec.stream}: reading {group[0].name}", done, len(found))
        with warehouse.write() as connection:
            connection.execute(_sql("events_table.sql").format(stream=quote_table("streams", spec.stream)))
            _read_files(connection, spec.stream, _new_files(connection, spec.stream, group, tally), now, tally)
            tally.rows_in_stream = _number(
                connection,
                f"SELECT count(*) FROM {quote_table('streams', spec.stream)}",  # noqa: S608 - quoted
            )
        done += len(group)
    if found and len(tally.unreadable) == len(found):
        reasons = "; ".join(f"{one.file}: {one.reason}" for one in tally.unreadable)
        raise EventsUnreadable(f"{spec.stream}: none of {len(found)} event files could be opened: {reasons}")
    return EventsReport(
        stream=spec.stream,
        rows=tally.rows,
        repeated=tally.repeated,
        set_aside=tally.set_aside,
        files=tally.files,
        files_known=tally.known,
        unreadable=tuple(tally.unreadable),
        newest=tally.newest.replace(tzinfo=UTC) if tally.newest is not None else None,
        rows_in_stream=tally.rows_in_stream,
        seconds=time.monotonic() - started,
    )


@dataclass
class _Tally:
    """What an import has done so far."""

    rows: int = 0
    repeated: int = 0
    set_aside: int = 0
    files: int = 0
    known: int = 0
    rows_in_stream: int = 0
    newest: datetime | None = None
    unreadable: list[UnreadableFile] = field(default_factory=list)


def _new_files(connection: DuckDBPyConnection, stream: str, files: Sequence[Path], tally: _Tally) -> dict[Path, str]:
    """File → digest of its content, for those whose content has not been read; the others are added to the tally."""
    read = {
        str(digest)
        for (digest,) in connection.execute("SELECT md5 FROM ops.event_files WHERE stream = ?", [stream]).fetchall()
    }
    new = {}
    for file in files:
        try:
            digest = _md5(file)
        except (PermissionError, FileNotFoundError) as error:
            tally.unreadable.append(UnreadableFile(str(file), error.strerror or str(error)))
            continue
        if digest in read:
            tally.known += 1
        else:
            new[file] = digest
            read.add(digest)
    tally.files += len(new)
    return new


def _groups(found: list[Path]) -> list[list[Path]]:
    """The files in groups of about BATCH bytes: opening the warehouse for each small file would take longest."""
    groups: list[list[Path]] = []
    room = 0
    for file in found:
        size = file.stat().st_size if file.exists() else 0
        if not groups or size > room:
            groups.append([])
            room = BATCH
        groups[-1].append(file)
        room -= size
    return groups


def event_files(spec: EventSpec) -> list[Path]:
    """The files that the paths name, each once, sorted. Raises EventsUnreadable for a path that names nothing."""
    found: set[Path] = set()
    for path in spec.paths:
        place = Path(path).expanduser()
        try:
            if place.is_dir():
                found.update(file for file in place.iterdir() if file.suffix in SUFFIXES)
                continue
        except PermissionError as error:
            raise EventsUnreadable(f"{spec.stream}: the folder {path} cannot be opened: {error.strerror}") from error
        matching = [Path(name) for name in glob(str(place), recursive=True)]  # noqa: PTH207 - an absolute pattern too
        if not matching and not any(character in path for character in "*?["):
            raise EventsUnreadable(f"{spec.stream}: there is no event file or folder {path} (looked from {Path.cwd()})")
        found.update(file for file in matching if file.is_file())
    return sorted({file.resolve() for file in found})


def _read_files(
    connection: DuckDBPyConnection, stream: str, files: Mapping[Path, str], now: datetime, tally: _Tally
) -> None:
    """Reads the files inside the caller's transaction, and adds to the tally."""
    table = quote_table("streams", stream)
    at = {"now": now.astimezone(UTC).replace(tzinfo=None)}
    rows: Counter[str] = Counter()
    set_aside: Counter[str] = Counter()
    for batch in _batches(files):
        connection.register("lines_read", batch)
        connection.execute(_sql("events_lines.sql"))
        connection.unregister("lines_read")
        connection.execute(_sql("events_parsed.sql"), at)
        connection.execute(_sql("events_judged.sql").format(stream=table))
        connection.execute(_sql("events_set_aside.sql"), at | {"stream": stream})
        rows.update(_by_file(connection, "SELECT _file FROM judged_events WHERE verdict = 'new'"))
        set_aside.update(_by_file(connection, "SELECT file FROM new_set_aside"))
        tally.repeated += _number(connection, "SELECT count(*) FROM judged_events WHERE verdict = 'repeated'")
        ((newest,),) = connection.execute("SELECT max(occurred_at) FROM judged_events WHERE verdict = 'new'").fetchall()
        tally.newest = max(filter(None, (tally.newest, newest)), default=None)
        connection.execute(_sql("events_insert.sql").format(stream=table))
        connection.execute("INSERT INTO ops.set_aside BY NAME FROM new_set_aside")
    for file, digest in files.items():
        connection.execute(
            "INSERT INTO ops.event_files VALUES (?, ?, ?, ?, ?, ?)",
            [stream, str(file), digest, rows[str(file)], set_aside[str(file)], at["now"]],
        )
    tally.rows += rows.total()
    tally.set_aside += set_aside.total()


def _by_file(connection: DuckDBPyConnection, files: str) -> dict[str, int]:
    """How often the query names each file."""
    return dict(connection.sql(files).aggregate("#1, count(*)").fetchall())


def _batches(files: Iterable[Path]) -> Iterator[pa.Table]:
    """The files' lines with their numbers, about BATCH bytes at a time, also from several files."""
    tables, room = [], BATCH
    for file in files:
        number = 0
        with file.open("rb") as body:
            while lines := body.readlines(room):
                tables.append(_lines(file, number, lines))
                number += len(lines)
                room -= sum(map(len, lines))
                if room <= 0:
                    yield pa.concat_tables(tables)
                    tables, room = [], BATCH
    if tables:
        yield pa.concat_tables(tables)


def _lines(file: Path, before: int, lines: Sequence[bytes]) -> pa.Table:
    """The lines that are not empty, with their numbers; one that is no UTF-8 comes as readable text with a mark."""
    numbers, texts, readable = [], [], []
    for number, line in enumerate(lines, start=before + 1):
        content = (line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line).strip(b" \t\r\n")
        if content:
            text, is_utf8 = _decoded(content)
            numbers.append(number)
            texts.append(text)
            readable.append(is_utf8)
    return pa.table(
        {
            "file": pa.repeat(str(file), len(numbers)),
            "line": pa.array(numbers, pa.int64()),
            "content": pa.array(texts, pa.large_string()),
            "is_utf8": pa.array(readable, pa.bool_()),
        }
    )


def _decoded(content: bytes) -> tuple[str, bool]:
    try:
        return content.decode("utf-8"), True
    except UnicodeDecodeError:
        return content.decode("utf-8", "backslashreplace"), False


def _md5(file: Path) -> str:
    digest = md5(usedforsecurity=False)
    with file.open("rb") as body:
        while chunk := body.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def _number(connection: DuckDBPyConnection, sql: str) -> int:
    (row,) = connection.execute(sql).fetchall()
    return int(row[0])


def _sql(name: str) -> str:
    return resources("sf_elt.streams").joinpath(name).read_text("utf-8")
