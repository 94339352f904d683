"""The ledger of API calls: every HTTP call to the org, counted over a rolling 24 hours, across processes and runs.

It is a small SQLite file of its own, because a call must be counted before it leaves, also while another process
writes to the DuckDB file, and must still be counted if this process is killed a moment later.
"""

import re
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from threading import Lock
from uuid import uuid4

from sf_elt.warehouse.errors import room_for
from sf_elt.warehouse.private import private_files
from sf_elt.warehouse.sqlite_file import immediate, write_ahead

HOUR = 3_600.0
DAY = 86_400.0

_TABLES = """
CREATE TABLE IF NOT EXISTS calls (
    call_id INTEGER PRIMARY KEY,
    job TEXT NOT NULL,
    called_at REAL NOT NULL,
    method TEXT NOT NULL,
    path TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS calls_by_job ON calls (job, called_at);
CREATE TABLE IF NOT EXISTS org_says (
    org TEXT PRIMARY KEY,
    used INTEGER NOT NULL,
    allowed INTEGER NOT NULL,
    said_at REAL NOT NULL,
    asked_by TEXT,            -- the meter that looks again since asked_at; null once the org has spoken
    asked_at REAL
);
"""


@dataclass(frozen=True)
class Pause:
    """No call before `until` (UTC), and whose maximum is the `reason`: the job's own, or the org's."""

    until: datetime
    reason: str


@dataclass(frozen=True)
class OrgReserve:
    """How many of the org's own daily calls are left for others, and which meter keeps to it."""

    org: str
    calls: int
    meter: str


@dataclass(frozen=True)
class CallLedger:
    """All calls of all jobs, in one SQLite file that many processes may write. `clock` gives seconds since 1970."""

    file: Path
    clock: Callable[[], float] = time.time

    def reserve(
        self, job: str, limit: int | None, method: str, path: str, *, org: OrgReserve | None = None
    ) -> Pause | None:
        """Counts one call of `job`; or, where `limit` calls were made in the last 24 hours, or the org's own calls are
        down to its reserve, counts nothing and says when the next call is free.
        """
        now = self.clock()
        with self._transaction() as ledger:
            pause = _pause_of_job(ledger, job, limit, now)
            if pause is None and org is not None:
                pause = _pause_of_org(ledger, org, now)
            if pause is None:
                ledger.execute(
                    "INSERT INTO calls (job, called_at, method, path) VALUES (?, ?, ?, ?)", (job, now, method, path)
                )
        return pause

    def spent(self, job: str) -> int:
        """Calls of `job` in the last 24 hours."""
        with self._transaction() as ledger:
            row = ledger.execute(
                "SELECT count(*) FROM calls WHERE job = ? AND called_at > ?", (job, self.clock() - DAY)
            ).fetchone()
        return int(row[0])

    def note_allowance(self, org: str, used: int, allowed: int) -> None:
        """Keeps what the org last said of its own allowance (`Sforce-Limit-Info`)."""
        with self._transaction() as ledger:
            ledger.execute(
                "INSERT OR REPLACE INTO org_says (org, used, allowed, said_at) VALUES (?, ?, ?, ?)",
                (org, used, allowed, self.clock()),
            )

    def forget_records(self, prefixes: Sequence[str]) -> None:
        """Takes Ids of records that begin with these, and addresses, out of the paths of calls; also off the disk."""
        named = re.compile(rf"/(?:(?:{'|'.join(prefixes)})[0-9A-Za-z]{{12,15}}|[^/]*(?:@|%40)[^/]*)(?=/|$)")
        with self._transaction() as ledger:
            ledger.create_function("without_records", 1, lambda path: named.sub("/…", path), deterministic=True)
            ledger.execute("UPDATE calls SET path = without_records(path) WHERE path <> without_records(path)")
        with closing(sqlite3.connect(self.file, timeout=60, isolation_level=None)) as ledger:
            ledger.execute("VACUUM")
            ledger.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with room_for(self.file):
            with _setting_up:
                if not self.file.exists():
                    with private_files():
                        self.file.touch()
                _kept_open(self.file, self.file.stat().st_ino)
            with closing(sqlite3.connect(self.file, timeout=60, isolation_level=None)) as ledger:
                ledger.execute("PRAGMA synchronous = NORMAL")  # a power cut may forget the last few calls
                with immediate(ledger):
                    yield ledger


_setting_up = Lock()


@lru_cache(maxsize=1)
def _kept_open(file: Path, inode: int) -> sqlite3.Connection:
    """Sets the ledger up, once for each file and process, and again where the file was deleted and is a new one.

    The connection is kept and never used: while it is open, closing another one is no checkpoint of several
    milliseconds.
    """
    file.chmod(0o600)
    ledger = sqlite3.connect(file, timeout=60, isolation_level=None, check_same_thread=False)
    write_ahead(ledger)
    ledger.executescript(_TABLES)
    return ledger


def is_set_up(ledger: sqlite3.Connection) -> bool:
    """Whether it has its last table: a process that makes the file has not come to it yet, or was killed before."""
    return ledger.execute("SELECT 1 FROM sqlite_master WHERE name = 'org_says'").fetchone() is not None


def _pause_of_job(ledger: sqlite3.Connection, job: str, limit: int | None, now: float) -> Pause | None:
    if limit is None:
        return None
    if limit <= 0:
        return _pause(now + DAY, f"{job} has a daily maximum of no API calls")
    row = ledger.execute(
        "SELECT called_at FROM calls WHERE job = ? AND called_at > ? ORDER BY called_at DESC LIMIT 1 OFFSET ?",
        (job, now - DAY, limit - 1),
    ).fetchone()
    return None if row is None else _pause(row[0] + DAY, f"{job} has made its daily maximum of {limit:,} API calls")


def _pause_of_org(ledger: sqlite3.Connection, reserve: OrgReserve, now: float) -> Pause | None:
    """The org's word counts for an hour. Then one meter may look again: its calls pass until the org has spoken, since
    the first may be a login, or fail; the others wait for what it hears, an hour at most.
    """
    row = ledger.execute(
        "SELECT used, allowed, max(said_at, coalesce(asked_at, said_at)), asked_by FROM org_says WHERE org = ?",
        (reserve.org,),
    ).fetchone()
    if row is None or row[1] - row[0] > reserve.calls:
        return None
    used, allowed, since, asked_by = row
    if now >= since + HOUR:
        ledger.execute(
            "UPDATE org_says SET asked_by = ?, asked_at = ? WHERE org = ?", (reserve.meter, now, reserve.org)
        )
        return None
    if asked_by == reserve.meter:
        return None
    spent = (
        f"the org's reserve of {reserve.calls:,} API calls is reached"
        if reserve.calls
        else "the org has no API calls left"
    )
    return _pause(since + HOUR, f"{spent} ({used:,} of {allowed:,} used)")


def _pause(until: float, reason: str) -> Pause:
    return Pause(datetime.fromtimestamp(until, UTC), reason)


@dataclass
class JobMeter:
    """Counts the calls of one import or export against its daily maximum, and leaves the org a reserve.

    `limit` is the job's maximum of calls over a rolling 24 hours (None: no maximum of its own); `org_reserve` is how
    many of the org's own daily calls are left for others. `made` counts the calls of this run, by all its threads.
    """

    ledger: CallLedger
    job: str
    org: str
    limit: int | None = None
    org_reserve: int = 0
    made: int = 0
    name: str = field(default_factory=lambda: uuid4().hex, repr=False)
    _counting: Lock = field(default_factory=Lock, repr=False, compare=False)

    def reserve_call(self, method: str, path: str) -> Pause | None:
        """Counts one call; or, where the allowance is spent, counts nothing and says until when to pause, and why."""
        reserve = OrgReserve(self.org, self.org_reserve, self.name)
        pause = self.ledger.reserve(self.job, self.limit, method, path, org=reserve)
        if pause is None:
            with self._counting:
                self.made += 1
        return pause

    def note_allowance(self, used: int, allowed: int) -> None:
        """Takes what the org says of its own allowance with each reply."""
        self.ledger.note_allowance(self.org, used, allowed)

    @property
    def left(self) -> int | None:
        """Calls left to this job in the rolling 24 hours, or None where it has no maximum."""
        return None if self.limit is None else max(0, self.limit - self.ledger.spent(self.job))
