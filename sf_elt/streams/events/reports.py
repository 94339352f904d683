"""What an import of event files says it did."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class UnreadableFile:
    """A file that could not be read, and why; the others were read all the same."""

    file: str
    reason: str


@dataclass(frozen=True)
class BadLine:
    """A line that was set aside, and why."""

    file: str
    line: int
    reason: str


@dataclass(frozen=True)
class EventsReport:
    """What one import of event files did. `files` counts those of which something was read.

    `repeated` counts lines with an event that another line has brought: the same event_id with the same content.
    `kept_out` counts those of erased people, which are in no table.
    `waiting` names the files whose last line is still being written, as far as one can see.
    """

    stream: str
    rows: int
    repeated: int
    set_aside: int
    kept_out: int
    files: int
    files_known: int
    unreadable: tuple[UnreadableFile, ...]
    waiting: tuple[str, ...]
    first_bad: BadLine | None
    newest: datetime | None
    rows_in_stream: int
    seconds: float


@dataclass
class Tally:
    """What has been done."""

    rows_of: Counter[str] = field(default_factory=Counter)
    set_aside_of: Counter[str] = field(default_factory=Counter)
    repeated: int = 0
    kept_out: int = 0
    files: int = 0
    known: int = 0
    rows_in_stream: int = 0
    newest: datetime | None = None
    first_bad: BadLine | None = None
    waiting: list[str] = field(default_factory=list)
    unreadable: list[UnreadableFile] = field(default_factory=list)

    @property
    def rows(self) -> int:
        return self.rows_of.total()

    @property
    def set_aside(self) -> int:
        return self.set_aside_of.total()

    def add(self, later: "Tally") -> None:
        """Adds what was done after this."""
        self.rows_of += later.rows_of
        self.set_aside_of += later.set_aside_of
        self.repeated += later.repeated
        self.kept_out += later.kept_out
        self.files += later.files
        self.known += later.known
        self.rows_in_stream = later.rows_in_stream
        self.newest = max(filter(None, (self.newest, later.newest)), default=None)
        self.first_bad = self.first_bad or later.first_bad
        self.waiting += later.waiting
        self.unreadable += later.unreadable
