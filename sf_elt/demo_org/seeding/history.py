"""Moments of two years of office work: business hours, quiet weekends, growth.

All moments are whole seconds since 1970 (UTC) as int64 arrays, as Salesforce keeps whole seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Moments: TypeAlias = npt.NDArray[np.int64]
Flags: TypeAlias = npt.NDArray[np.bool_]
Rows: TypeAlias = npt.NDArray[np.int64]

SPAN = timedelta(days=730)
DAY = 86_400

# Share of a day's work per UTC hour: Europe's morning, then both coasts of America.
_HOURS = np.array([1, 1, 1, 1, 2, 4, 9, 14, 18, 19, 17, 14, 16, 19, 20, 19, 16, 12, 8, 6, 4, 3, 2, 1], dtype=float)
_WEEKEND = 0.12
_GROWTH = 3.0


@dataclass(frozen=True)
class History:
    """The seeded span `[start, end)` and how its work is spread over the hours."""

    start: int
    end: int
    edges: npt.NDArray[np.float64]
    work_before: npt.NDArray[np.float64]

    @classmethod
    def until(cls, now: datetime) -> History:
        """Two years that end at the midnight (UTC) before `now`, so that a day of `now` decides the data.

        Raises `ValueError` for a naive `now`.
        """
        if now.tzinfo is None:
            raise ValueError("now needs a time zone: pass an aware datetime such as datetime.now(UTC)")
        midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        end = int(midnight.timestamp())
        start = end - int(SPAN.total_seconds())
        days = np.arange(start, end, DAY) // DAY
        weekend = (days + 3) % 7 >= 5  # 1970-01-01 was a Thursday
        per_day = np.linspace(1.0, _GROWTH, days.size) * np.where(weekend, _WEEKEND, 1.0)
        per_hour = (per_day[:, None] * _HOURS[None, :] / _HOURS.sum()).ravel()
        work_before = np.concatenate([[0.0], np.cumsum(per_hour)]) / per_hour.sum()
        return cls(start, end, np.arange(start, end + 1, 3_600, dtype=float), work_before)

    def draw(self, rng: np.random.Generator, count: int) -> Moments:
        """`count` moments, unsorted, as dense as the work."""
        return self._at(rng.random(count))

    def between(
        self,
        rng: np.random.Generator,
        earliest: Moments,
        latest: Moments | None = None,
        *,
        lateness: float = 1.0,
    ) -> Moments:
        """One moment in each `[earliest, latest]` (default: the end); a `lateness` below 1 leans to the later part."""
        last = np.full(earliest.shape, self.end - 1, dtype=np.int64) if latest is None else latest
        low, high = (np.interp(t, self.edges, self.work_before) for t in (earliest, last))
        drawn = self._at(low + (high - low) * rng.random(earliest.size) ** lateness)
        return np.clip(drawn, earliest, np.maximum(earliest, last))

    def _at(self, work: npt.NDArray[np.float64]) -> Moments:
        seconds = np.floor(np.interp(work, self.work_before, self.edges)).astype(np.int64)
        return np.clip(seconds, self.start, self.end - 1)


@dataclass
class Audit:
    """The four audit facts of an object's rows; `created <= modified <= modstamp < end` always holds."""

    created: Moments
    modified: Moments
    modstamp: Moments
    deleted: Flags

    @classmethod
    def of(cls, rng: np.random.Generator, history: History, created: Moments) -> Audit:
        """Rows edited by users (two of three), then touched by automation (one of seven); none deleted."""
        edited = rng.random(created.size) < 0.65
        modified = np.where(edited, history.between(rng, created, lateness=0.7), created)
        automated = rng.random(created.size) < 0.15
        modstamp = np.where(automated, history.between(rng, modified), modified)
        return cls(created.copy(), modified, modstamp, np.zeros(created.size, dtype=bool))

    def touch(self, rows: Rows, at: Moments | int) -> None:
        """A user saves these rows at `at`; a row that was saved later keeps its later moment."""
        np.maximum.at(self.modified, rows, at)
        self.modstamp[rows] = np.maximum(self.modstamp[rows], self.modified[rows])

    def delete(self, rows: Rows, at: Moments) -> None:
        """The rows go to the recycle bin at `at`, which must not be before their last change."""
        self.touch(rows, at)
        self.deleted[rows] = True

    def mass_update(self, rng: np.random.Generator, rows: Rows, moment: int, wanted: int, *, user: bool) -> None:
        """Up to `wanted` of `rows`, living and untouched since, get one modstamp (and by a `user`: are modified)."""
        idle = rows[(self.modstamp[rows] < moment) & ~self.deleted[rows]]
        chosen = rng.choice(idle, size=min(wanted, idle.size), replace=False)
        self.modstamp[chosen] = moment
        if user:
            self.modified[chosen] = moment
