"""What one import of one window did: its report, and its row in ops.windows."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from duckdb import DuckDBPyConnection

from sf_elt.streams.mending import Misread
from sf_elt.streams.schema import SchemaChange
from sf_elt.streams.statements import statement
from sf_elt.warehouse import naive

_RECORDED = [
    "stream", "window_start", "window_end", "read_from", "read_to", "is_open", "timestamp_field", "transport",
    "org_count", "rows_read", "rows_new", "rows_changed", "rows_unchanged", "rows_deleted", "newest", "api_calls",
    "seconds", "run_id", "completed_at", "asked_md5", "rows_kept_out",
]  # fmt: skip
_SUMMED = (
    "org_count", "rows_read", "rows_new", "rows_changed", "rows_unchanged", "rows_deleted", "api_calls", "seconds",
    "rows_kept_out",
)  # fmt: skip


@dataclass(frozen=True)
class WindowReport:
    """What one import of one window did: the row of ops.windows, and what stands beside it. Times are UTC.

    `rows_in_stream` counts deleted ones too, `rows_living` does not. `rows_kept_out` of those that were read are erased
    people's. Where all columns made too long a query they were read in `column_groups`, and `rows_read_again` by their
    Ids. `misread` are values that could not be read as they came.
    """

    stream: str
    window_start: datetime
    window_end: datetime
    read_from: datetime
    read_to: datetime
    is_open: bool
    timestamp_field: str
    transport: str
    org_count: int
    rows_read: int
    rows_new: int
    rows_changed: int
    rows_unchanged: int
    rows_deleted: int
    newest: datetime | None
    api_calls: int
    seconds: float
    run_id: str
    completed_at: datetime
    asked_md5: str
    rows_in_stream: int
    rows_living: int
    api_left: int | None
    schema_changes: tuple[SchemaChange, ...]
    rows_kept_out: int = 0
    column_groups: int = 1
    rows_read_again: int = 0
    misread: tuple[Misread, ...] = ()


def record_window(connection: DuckDBPyConnection, report: WindowReport) -> None:
    """Adds the row of ops.windows, in the transaction that moved the window's rows."""
    values = {name: getattr(report, name) for name in _RECORDED}
    connection.execute(
        statement("record_window.sql"),
        {name: naive(value) if isinstance(value, datetime) else value for name, value in values.items()},
    )


def together(reports: Sequence[WindowReport]) -> WindowReport:
    """What several reads did for one window: an unfinished one that was gone on with, and the rest."""
    last = reports[-1]
    if len(reports) == 1:
        return last
    return replace(
        last,
        read_from=min(report.read_from for report in reports),
        transport=next((each.transport for each in reversed(reports) if each.transport != "none"), "none"),
        newest=max((report.newest for report in reports if report.newest is not None), default=None),
        schema_changes=tuple(change for report in reports for change in report.schema_changes),
        misread=tuple(each for report in reports for each in report.misread),
        column_groups=max(report.column_groups for report in reports),
        rows_read_again=sum(report.rows_read_again for report in reports),
        **{name: sum(getattr(report, name) for report in reports) for name in _SUMMED},
    )
