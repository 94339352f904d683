"""Where the files of an event stream are, what format each has, and whether it has come to rest."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from glob import escape, glob
from hashlib import md5
from itertools import chain
from pathlib import Path
from stat import S_ISREG
from typing import Literal

from sf_elt.streams.errors import EventsUnreadable, SpecRefused
from sf_elt.streams.names import require_stream_name

Format = Literal["jsonl", "csv", "parquet"]
EVENT_COLUMNS = ("event_id", "occurred_at", "type", "email", "anonymous_id", "url", "title", "topics", "properties")
DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}
SUFFIXES: Mapping[str, Format] = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".csv": "csv",
    ".tsv": "csv",
    ".parquet": "parquet",
}

SETTLED = timedelta(minutes=1)
"""A file that has not changed for so long is thought to be finished: its last line counts without a line end."""


@dataclass(frozen=True)
class EventSpec:
    """An event stream and where its files are: folders, files, globs.

    `format` is every file's; without it the suffix says. `delimiter` (a character) is that of CSV files; without it
    the header says. `columns` maps a column of the stream to where files have it: a key, or a path as `user.email`.
    """

    stream: str
    paths: tuple[str, ...]
    format: Format | None = None
    delimiter: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    recursive: bool = False

    def __post_init__(self) -> None:
        require_stream_name(self.stream)
        for column, source in self.columns.items():
            if column not in EVENT_COLUMNS:
                raise SpecRefused(f"an event has no column {column!r}; it has {', '.join(EVENT_COLUMNS)}")
            if not source or '"' in source or "\\" in source:
                raise SpecRefused(f"the column {column} cannot come from {source!r}: a key or a path like user.email")


@dataclass(frozen=True)
class EventFile:
    """A file and how it is read. `format` is None where nothing tells it."""

    path: Path
    format: Format | None
    gzipped: bool

    @property
    def shown(self) -> str:
        """Its path for people, and for what takes UTF-8 alone: other bytes of a name are `\\xe9`."""
        return os.fsencode(self.path).decode("utf-8", "backslashreplace")

    @property
    def grows(self) -> bool:
        """Whether it is read from where it was read to; a compressed or Parquet file is read as a whole."""
        return self.format in ("jsonl", "csv") and not self.gzipped


def event_files(spec: EventSpec) -> list[EventFile]:
    """The files that the paths name, each once, sorted. Raises EventsUnreadable for a path that names nothing."""
    found: set[Path] = set()
    for path in spec.paths:
        place = Path(path).expanduser()
        try:
            if place.is_dir():
                found.update(
                    file for file in _inside(place, spec.recursive) if _is_event_file(file, spec) and _is_file(file)
                )
                continue
        except PermissionError as error:
            raise EventsUnreadable(f"{spec.stream}: the folder {path} cannot be opened: {error.strerror}") from error
        matching = _matching(place)
        if not matching and not any(character in path for character in "*?["):
            raise EventsUnreadable(f"{spec.stream}: there is no event file or folder {path} (looked from {Path.cwd()})")
        if matching == [place] and not _is_file(place):
            raise EventsUnreadable(f"{spec.stream}: {path} is neither a file nor a folder: a pipe or a device")
        found.update(file for file in matching if _is_file(file))
    return [_event_file(path, spec) for path in sorted({Path(os.path.realpath(file)) for file in found})]


def is_settled(modified: float, now: datetime) -> bool:
    """Whether a file last modified then (seconds since 1970) has been left alone for a while at `now`."""
    return now.timestamp() - modified >= SETTLED.total_seconds()


def ends_in_line_break(file: Path) -> bool:
    """Whether the last byte of a file that is not empty ends a line."""
    with file.open("rb") as body:
        body.seek(-1, os.SEEK_END)
        return body.read(1) == b"\n"


def files_standing(files: list[EventFile], now: datetime) -> str:
    """A digest of what there is to read, which changes when there is something new to read; empty for nothing.

    Files are looked at by name, size and time alone, but for the last byte of one that has just changed. What is
    read as a whole counts once it has come to rest: it may still be being copied.
    """
    looks = []
    for file in files:
        try:
            found = file.path.stat()
            settled = is_settled(found.st_mtime, now)
            if not file.grows and not settled:
                continue
            waits = not settled and found.st_size > 0 and not ends_in_line_break(file.path)
        except OSError as error:
            looks.append(f"{file.shown}\0{error.strerror}")
        else:
            looks.append(f"{file.shown}\0{found.st_size}\0{found.st_mtime_ns}\0{waits}")
    return md5("\n".join(looks).encode(), usedforsecurity=False).hexdigest() if looks else ""


def _matching(place: Path) -> list[Path]:
    """What a glob stands for; a file or folder whose very name has `*`, `?` or `[` in it is meant as well."""
    folder = next((each for each in place.parents if each.is_dir()), Path())
    patterns = {str(place), escape(str(place)), os.path.join(escape(str(folder)), place.relative_to(folder))}  # noqa: PTH118 - a pattern
    return [Path(name) for pattern in patterns for name in glob(pattern, recursive=True)]  # noqa: PTH207 - an absolute pattern too


def _inside(folder: Path, recursive: bool) -> list[Path]:
    if not recursive:
        return list(folder.iterdir())
    visited = os.walk(folder, onerror=_refuse)
    return list(chain.from_iterable((Path(place) / name for name in names) for place, _, names in visited))


def _refuse(error: OSError) -> None:
    raise error


def _is_file(path: Path) -> bool:
    """Not a folder, such as Spark's `events.parquet`, nor a pipe. That a link leads nowhere, its reading tells."""
    try:
        return S_ISREG(path.stat().st_mode)
    except OSError:
        return True


def _is_event_file(path: Path, spec: EventSpec) -> bool:
    told = _format(path)
    return told is not None and spec.format in (None, told)


def _event_file(path: Path, spec: EventSpec) -> EventFile:
    return EventFile(path, spec.format or _format(path), path.suffix.lower() == ".gz")


def _format(path: Path) -> Format | None:
    name = path.with_suffix("") if path.suffix.lower() == ".gz" else path
    told = SUFFIXES.get(name.suffix.lower())
    return None if told == "parquet" and name is not path else told
