"""The ledger of API calls: every HTTP call to the org, counted over a rolling 24 hours, across processes and runs.

It is a small SQLite file of its own, because a call must be counted before it leaves, also while another process
writes to the DuckDB file, and must still be counted if this process is killed a moment later.
"""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

DAY = 86_400.0

# WAL without a sync at each commit survives a killed process; a power cut may forget the last few calls.
_TABLES = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
CREATE TABLE IF NOT EXISTS calls (
    call_id INTEGER PRIMARY KEY,
    job TEXT NOT NULL,
    called_at REAL NOT NULL,
    method TEXT NOT NULL,
    path TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS calls_by_job ON calls (job, called_at);
CREATE TABLE IF NOT EXISTS org_allowance (
    org TEXT PRIMARY KEY,
    used INTEGER NOT NULL,
    allowed INTEGER NOT NULL,
    seen_at REAL NOT NULL
);
"""


@dataclass(frozen=True)
class CallLedger:
    """All calls of all jobs, in one SQLite file that many processes may write. `clock` gives seconds since 1970."""

    file: Path
    clock: Callable[[], float] = time.time

    def reserve(self, job: str, limit: int | None, method: str, path: str) -> datetime | None:
        """Counts one call of `job`; or, where `limit` calls were made in the last 24 hours, counts nothing and says
        when the next call is free (UTC).
        """
        now = self.clock()
        with self._transaction() as ledger:
            if limit is not None:
                free_at = _free_at(ledger, job, limit, now)
                if free_at is not None:
                    return datetime.fromtimestamp(free_at, UTC)
            ledger.execute(
                "INSERT INTO calls (job, called_at, method, path) VALUES (?, ?, ?, ?)", (job, now, method, path)
            )
        return None

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
                "INSERT OR REPLACE INTO org_allowance VALUES (?, ?, ?, ?)", (org, used, allowed, self.clock())
            )

    def allowance(self, org: str) -> tuple[int, int] | None:
        """(used, allowed) as the org last said, or None where it has said nothing in the last 24 hours."""
        with self._transaction() as ledger:
            row = ledger.execute(
                "SELECT used, allowed FROM org_allowance WHERE org = ? AND seen_at > ?", (org, self.clock() - DAY)
            ).fetchone()
        return None if row is None else (int(row[0]), int(row[1]))

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self.file, timeout=60, isolation_level=None)) as ledger:
            self.file.chmod(0o600)
            ledger.executescript(_TABLES)
            ledger.execute("BEGIN IMMEDIATE")
            try:
                yield ledger
                ledger.execute("COMMIT")
            except BaseException:
                ledger.execute("ROLLBACK")
                raise


def _free_at(ledger: sqlite3.Connection, job: str, limit: int, now: float) -> float | None:
    """When the next call of `job` is free, or None where it is free now."""
    if limit <= 0:
        return now + DAY
    row = ledger.execute(
        "SELECT called_at FROM calls WHERE job = ? AND called_at > ? ORDER BY called_at DESC LIMIT 1 OFFSET ?",
        (job, now - DAY, limit - 1),
    ).fetchone()
    return None if row is None else float(row[0]) + DAY


@dataclass
class JobMeter:
    """Counts the calls of one import or export against its daily maximum, and leaves the org a reserve.

    `limit` is the job's maximum of calls over a rolling 24 hours (None: no maximum of its own); `org_reserve` is how
    many of the org's own daily calls are left for others. `made` counts the calls of this run.
    """

    ledger: CallLedger
    job: str
    org: str
    limit: int | None = None
    org_reserve: int = 0
    made: int = 0

    def reserve_call(self, method: str, path: str) -> datetime | None:
        """Counts one call; or, where the allowance is spent, counts nothing and says until when to pause (UTC)."""
        allowance = self.ledger.allowance(self.org)
        if allowance is not None and allowance[1] - allowance[0] <= self.org_reserve:
            return datetime.fromtimestamp(self.ledger.clock() + 3600, UTC)
        paused_until = self.ledger.reserve(self.job, self.limit, method, path)
        if paused_until is None:
            self.made += 1
        return paused_until

    def note_allowance(self, used: int, allowed: int) -> None:
        """Takes what the org says of its own allowance with each reply."""
        self.ledger.note_allowance(self.org, used, allowed)

    @property
    def left(self) -> int | None:
        """Calls left to this job in the rolling 24 hours, or None where it has no maximum."""
        return None if self.limit is None else max(0, self.limit - self.ledger.spent(self.job))
