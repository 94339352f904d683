"""How far each event file has been read, told by what is in it: its name may change, and it may be another's."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import md5
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Self

from duckdb import DuckDBPyConnection

from sf_elt.streams.events.batches import Place
from sf_elt.streams.events.files import EventFile, is_settled

if TYPE_CHECKING:
    from hashlib import _Hash

RACE = timedelta(seconds=2)
"""A file that changed so shortly before it was looked at may change again and show the same time."""


@dataclass(frozen=True)
class FileRead:
    """One entry of ops.event_files: what had been read of a file, and how the file looked then."""

    file: str
    md5: str
    place: Place | None
    size: int | None
    changed_ns: int | None
    read_at: datetime


@dataclass(frozen=True)
class Look:
    """A file as it was found: what has been read of it already, and the digest of just that."""

    file: EventFile
    size: int
    changed_ns: int
    settled: bool
    start: Place
    digest: "_Hash"
    reading: FileRead | None

    @property
    def is_known(self) -> bool:
        """Whether all of it has been read."""
        return self.reading is not None and self.start.bytes == self.size


@dataclass
class Standing:
    """What has been read of a stream's files, and which files there are now."""

    present: frozenset[str]
    latest: dict[str, FileRead] = field(default_factory=dict)
    whole: dict[str, FileRead] = field(default_factory=dict)

    @classmethod
    def of(cls, connection: DuckDBPyConnection, stream: str, files: Iterable[EventFile]) -> Self:
        """As ops.event_files has it."""
        found = cls(frozenset(str(file.path) for file in files))
        rows = connection.execute(
            """
            SELECT file, md5, bytes_read, line_breaks, row_numbers, size, changed_ns, read_at
            FROM ops.event_files
            WHERE stream = ?
            ORDER BY read_at, rowid
            """,
            [stream],
        ).fetchall()
        for file, digest, read, breaks, numbered, size, changed_ns, read_at in rows:
            place = None if read is None else Place(read, breaks, numbered)
            found.add(FileRead(file, digest, place, size, changed_ns, read_at))
        return found

    def add(self, reading: FileRead) -> None:
        """Adds what has just been read."""
        self.latest[reading.file] = reading
        self.whole[reading.md5] = reading

    def is_unchanged(self, file: EventFile, now: datetime) -> bool:
        """Whether the file looks as when it was last read to its end. Raises OSError."""
        found, last = file.path.stat(), self.latest.get(str(file.path))
        return (
            last is not None
            and last.place is not None
            and (last.size, last.changed_ns) == (found.st_size, found.st_ctime_ns)
            and (last.place.bytes == found.st_size or not is_settled(found.st_mtime, now))
            and found.st_ctime_ns / 1e9 + RACE.total_seconds() < last.read_at.replace(tzinfo=UTC).timestamp()
        )

    def look(self, file: EventFile, now: datetime) -> Look:
        """Reads the file for its digest, and finds how far its content has been read. Raises OSError.

        Its beginning may have been read under its own name, or under one that is gone since; its whole, under any.
        """
        found = file.path.stat()
        size, digest = found.st_size, md5(usedforsecurity=False)
        start, begun, known = Place(), digest.copy(), None
        with file.path.open("rb") as body:
            for reading in self._beginnings(file, size):
                place = reading.place or Place()
                _digest(body, place.bytes - body.tell(), digest)
                if digest.hexdigest() == reading.md5:
                    start, begun, known = place, digest.copy(), reading
            if start.bytes < size or known is None:
                _digest(body, size - body.tell(), digest)
                begun = begun if file.grows else digest
                if (same := self.whole.get(digest.hexdigest())) is not None:
                    start, begun, known = same.place or Place(size, _line_breaks(file.path)), digest, same
        return Look(file, size, found.st_ctime_ns, is_settled(found.st_mtime, now), start, begun, known)

    def _beginnings(self, file: EventFile, size: int) -> Sequence[FileRead]:
        if not file.grows:
            return []
        own = self.latest.get(str(file.path))
        candidates = [
            reading
            for reading in self.latest.values()
            if reading is own or (reading.file not in self.present and not Path(reading.file).exists())
        ]
        begun = [each for each in candidates if each.place is not None and 0 < each.place.bytes <= size]
        return sorted(begun, key=lambda each: each.place.bytes if each.place else 0)


def _line_breaks(file: Path) -> int:
    """The line breaks of a file that was read by an older version, which did not keep their number."""
    with file.open("rb") as body:
        return sum(chunk.count(b"\n") for chunk in iter(lambda: body.read(1 << 20), b""))


def _digest(body: BinaryIO, length: int, digest: "_Hash") -> None:
    while length > 0 and (chunk := body.read(min(length, 1 << 20))):
        digest.update(chunk)
        length -= len(chunk)
