"""What an incident is, as plain data."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

Kind = Literal["failure", "check", "approval", "quota", "lag", "refused", "stuck", "tick", "warehouse"]
Event = Literal["opened", "reminder", "over", "summary"]


@dataclass(frozen=True)
class Finding:
    """What is wrong with one subject: an asset, or who spends API calls. Names and numbers, never what records hold.

    What begins at once within the same `work` is one incident. `occurrence` tells one time from another: a run's id.
    """

    kind: Kind
    work: str
    subject: str
    says: str
    since: datetime
    occurrence: str = ""
    run_id: str | None = None
    partitions: tuple[str, str] | None = None


@dataclass(frozen=True)
class Occurrence:
    """One time that it went wrong, with the first and last of the partitions that were to be made."""

    run_id: str
    at: datetime
    partitions: tuple[str, str] | None


@dataclass(frozen=True)
class Subject:
    """One thing that an incident is about, as it was last seen."""

    name: str
    says: str
    run_id: str | None
    is_over: bool
    occurrences: tuple[Occurrence, ...]


@dataclass(frozen=True)
class Incident:
    """All that is known of an incident; `times` is how often it occurred, where that can be counted."""

    id: str
    kind: Kind
    work: str
    began_at: datetime
    closed_at: datetime | None
    subjects: tuple[Subject, ...]

    @property
    def times(self) -> int:
        return len({each.run_id for subject in self.subjects for each in subject.occurrences})


@dataclass(frozen=True)
class Policy:
    """When an incident is over, and what is told besides its beginning."""

    settle: timedelta = timedelta(minutes=15)
    remind: timedelta | None = None
    tell_when_over: bool = True
