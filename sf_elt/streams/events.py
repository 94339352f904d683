"""Behavioural events from JSON Lines files, each row exactly once; lines that cannot be read are set aside, counted.

A line is an object with `occurred_at` (ISO 8601; UTC where it names no offset) and any of `event_id`, `type`,
`email`, `anonymous_id`, `url`, `title`, `topics` (a list of texts) and `properties` (an object). Other keys are kept
among the properties.
"""

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
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

    Each file's rows, its set-aside lines and the record that it was read commit in one transaction. A file that
    cannot be opened does not stop the others; it is in the report. Raises EventsUnreadable where there is no such
    folder or file at all, or where no file could be opened.
    """
    started = time.monotonic()
    found = event_files(spec)
    rows = set_aside = new_files = known = 0
    unreadable: list[UnreadableFile] = []
    newest: datetime | None = None
    with warehouse.write() as connection:
        connection.execute(_sql("events_table.sql").format(stream=quote_table("streams", spec.stream)))
    for number, file in enumerate(found):
        if progress is not None:
            progress(f"{spec.stream}: reading {file.name}", number, len(found))
        try:
            digest = _md5(file)
            with warehouse.write() as connection:
                if _is_known(connection, spec.stream, digest):
                    known += 1
                    continue
                counts = _read_file(connection, spec.stream, file, digest, now)
        except OSError as error:
            if error.errno is None or not isinstance(error, (PermissionError, FileNotFoundError, IsADirectoryError)):
                raise
            unreadable.append(UnreadableFile(str(file), error.strerror or str(error)))
            continue
        new_files += 1
        rows += counts.rows
        set_aside += counts.set_aside
        newest = max(filter(None, (newest, counts.newest)), default=None)
    if found and len(unreadable) == len(found):
        reasons = "; ".join(f"{one.file}: {one.reason}" for one in unreadable)
        raise EventsUnreadable(f"{spec.stream}: none of {len(found)} event files could be opened: {reasons}")
    with warehouse.read() as connection:
        rows_in_stream = _number(connection, f"SELECT count(*) FROM {quote_table('streams', spec.stream)}")  # noqa: S608 - quoted
    return EventsReport(
        stream=spec.stream,
        rows=rows,
        set_aside=set_aside,
        files=new_files,
        files_known=known,
        unreadable=tuple(unreadable),
        newest=newest.replace(tzinfo=UTC) if newest is not None else None,
        rows_in_stream=rows_in_stream,
        seconds=time.monotonic() - started,
    )


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
