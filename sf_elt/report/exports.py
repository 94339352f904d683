"""What was written back into the org, and what was not."""

from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby

from sf_elt.report.asking import Asked


@dataclass(frozen=True)
class NotWritten:
    """Records of an export whose last outcome in 30 days was the same refusal, by its code."""

    status: str
    code: str
    retryable: bool
    records: int


@dataclass(frozen=True)
class ExportStanding:
    """One export with its latest run. Counts are records of that run, but for those of the last 30 days.

    `status` is that of its plan: waiting for approval, planned, sending, done, paused or rejected; `waiting` ones have
    not been sent yet, and of those `in_doubt` the org's answer is not known.
    """

    export: str
    object: str
    status: str
    run_at: datetime
    planned: int
    sent: int
    held_already: int
    refused: int
    set_aside: int
    unchanged: int
    waiting: int
    in_doubt: int
    sent_month: int
    last_sent_at: datetime | None
    not_written: tuple[NotWritten, ...] = ()


def read_exports(asked: Asked) -> tuple[ExportStanding, ...]:
    """Every export that has run, by name."""
    reasons = {
        export: tuple(NotWritten(*row[1:]) for row in rows)
        for export, rows in groupby(asked.rows("not_written"), key=lambda row: row[0])
    }
    return tuple(replace(ExportStanding(*row), not_written=reasons.get(row[0], ())) for row in asked.rows("exports"))
