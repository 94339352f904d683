"""Behavioural events from JSON Lines files, each row exactly once; lines that cannot be read are set aside, counted.

A line is an object with `occurred_at` (ISO 8601; UTC where it names no offset) and any of `event_id`, `type`,
`email`, `anonymous_id`, `url`, `title`, `topics` (a list of texts) and `properties` (an object). Other keys are kept
among the properties.
"""

import re
import time
from collections.abc import Callable, Iterator
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
    """What one import of event files did. `files` counts those that held something new."""

    stream: str
    rows: int
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

    A file's rows, its set-aside lines and the record that it was read commit in one transaction. A file that
    cannot be opened does not stop the others; it is in the report. Raises EventsUnreadable where there is no such
    folder or file at all, or where no file could be opened.
    """
    started = time.monotonic()
    found = event_files(spec)
    tally = _Tally()
    done = 0
    for group in _groups(found) or [[]]:
        with warehouse.write() as connection:
            connection.execute(_sql("events_table.sql").format(stream=quote_table("streams", spec.stream)))
            for file in group:
                if progress is not None:
                    progress(f"{spec.stream}: reading {file.name}", done, len(found))
                _take(connection, spec.stream, file, now, tally)
                done += 1
            tally.rows_in_stream = _number(
                connection,
                f"SELECT count(*) FROM {quote_table('streams', spec.stream)}",  # noqa: S608 - quoted
            )
    if found and len(tally.unreadable) == len(found):
        reasons = "; ".join(f"{one.file}: {one.reason}" for one in tally.unreadable)
        raise EventsUnreadable(f"{spec.stream}: none of {len(found)} event files could be opened: {reasons}")
    return EventsReport(
        stream=spec.stream,
        rows=tally.rows,
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
    set_aside: int = 0
    files: int = 0
    known: int = 0
    rows_in_stream: int = 0
    newest: datetime | None = None
    unreadable: list[UnreadableFile] = field(default_factory=list)


def _take(connection: DuckDBPyConnection, stream: str, file: Path, now: datetime, tally: _Tally) -> None:
    """Reads one file where its content is new, and adds to the tally."""
    try:
        digest = _md5(file)
    except (PermissionError, FileNotFoundError) as error:
        tally.unreadable.append(UnreadableFile(str(file), error.strerror or str(error)))
        return
    if _is_known(connection, stream, digest):
        tally.known += 1
        return
    counts = _read_file(connection, stream, file, digest, now)
    tally.files += 1
    tally.rows += counts.rows
    tally.set_aside += counts.set_aside
    tally.newest = max(filter(None, (tally.newest, counts.newest)), default=None)


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


@dataclass(frozen=True)
class _FileCounts:
    rows: int
    set_aside: int
    newest: datetime | None


def _read_file(connection: DuckDBPyConnection, stream: str, file: Path, digest: str, now: datetime) -> _FileCounts:
    """Reads one file inside the caller's transaction."""
    names = {"stream": quote_table("streams", stream)}
    parameters = {"file": str(file), "now": now.astimezone(UTC).replace(tzinfo=None)}
    rows = set_aside = 0
    newest: datetime | None = None
    for batch in _batches(file):
        connection.register("lines_read", batch)
        connection.execute(_sql("events_lines.sql"))
        connection.unregister("lines_read")
        connection.execute(_sql("events_new.sql").format(**names), parameters)
        connection.execute(_sql("events_set_aside.sql"), parameters | {"stream": stream})
        rows += _number(connection, "SELECT count(*) FROM new_events")
        set_aside += _number(connection, "SELECT count(*) FROM new_set_aside")
        (latest,) = connection.execute("SELECT max(occurred_at) FROM new_events").fetchall()
        newest = max(filter(None, (newest, latest[0])), default=None)
        connection.execute(f"INSERT INTO {names['stream']} BY NAME FROM new_events")
        connection.execute("INSERT INTO ops.set_aside BY NAME FROM new_set_aside")
        connection.execute("DROP TABLE lines; DROP TABLE new_events; DROP TABLE new_set_aside")
    connection.execute(
        "INSERT INTO ops.event_files VALUES (?, ?, ?, ?, ?, ?)",
        [stream, str(file), digest, rows, set_aside, parameters["now"]],
    )
    return _FileCounts(rows, set_aside, newest)


def _batches(file: Path) -> Iterator[pa.Table]:
    """The file's lines with their numbers; a line that is no UTF-8 comes as readable text with a mark."""
    number = 0
    with file.open("rb") as body:
        while lines := body.readlines(BATCH):
            numbers, texts, readable = [], [], []
            for line in lines:
                number += 1
                content = (
                    line.removeprefix(b"\xef\xbb\xbf").strip(b" \t\r\n") if number == 1 else line.strip(b" \t\r\n")
                )
                if not content:
                    continue
                text, is_utf8 = _decoded(content)
                numbers.append(number)
                texts.append(text)
                readable.append(is_utf8)
            yield pa.table(
                {
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


def _is_known(connection: DuckDBPyConnection, stream: str, digest: str) -> bool:
    return (
        _number(connection, "SELECT count(*) FROM ops.event_files WHERE stream = ? AND md5 = ?", [stream, digest]) > 0
    )


def _number(connection: DuckDBPyConnection, sql: str, parameters: list[str] | None = None) -> int:
    (row,) = connection.execute(sql, parameters or []).fetchall()
    return int(row[0])


def _sql(name: str) -> str:
    return resources("sf_elt.streams").joinpath(name).read_text("utf-8")
