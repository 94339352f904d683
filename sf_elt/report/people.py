"""How many people are known, and when each stream was last imported."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sf_elt.report.asking import Asked
from sf_elt.warehouse import quote, quote_table

PACE_OF = 10
"""So many of a stream's latest readings say how often it is usually read."""

_EVENTS, _RECORDS = {"occurred_at", "_file"}, {"Id", "_deleted_at"}
"""Columns by which a stream of events, and one of records, is known."""


@dataclass(frozen=True)
class People:
    """All profiles. `with_email` is None where the mapping fills no user field `email`."""

    profiles: int
    with_email: int | None
    new_this_week: int
    first_built_at: datetime


@dataclass(frozen=True)
class ImportedStream:
    """One stream: how many records live in it, when it was last read, and how often it usually is.

    `newest` is the latest change, or event, that it holds. `usual_gap` is None before the third reading.
    """

    stream: str
    holds_events: bool
    rows: int
    read_at: datetime
    age: timedelta
    newest: datetime | None
    usual_gap: timedelta | None


def read_people(asked: Asked) -> People | None:
    """None before the first build of profiles."""
    if not asked.has_table("profiles", "profiles"):
        return None
    (row,) = asked.rows("people", parts={"with_email": _with_email(asked)})
    found = People(*row)
    return found if found.profiles else None


def read_imports(asked: Asked) -> tuple[ImportedStream, ...]:
    """Every stream that has been read, by name."""
    held = _rows_held(asked)
    found = []
    for stream, read_at, newest, usual_seconds in asked.rows("imports", readings=PACE_OF):
        if stream not in held:
            continue
        holds_events, rows, newest_event = held[stream]
        found.append(
            ImportedStream(
                stream=stream,
                holds_events=holds_events,
                rows=rows,
                read_at=read_at,
                age=max(timedelta(0), asked.now - read_at),
                newest=newest_event if holds_events else newest,
                usual_gap=None if usual_seconds is None else timedelta(seconds=usual_seconds),
            )
        )
    return tuple(found)


def _with_email(asked: Asked) -> str:
    """SQL for how many profiles have an email; null where the mapping fills none."""
    types = {str(name): str(kind) for name, kind, *_ in asked.sql("DESCRIBE profiles.profiles")}
    match types.get("email"):
        case None:
            return "NULL::BIGINT"
        case kind if kind.endswith("[]"):
            return "count(*) FILTER (len(email) > 0)"
        case _:
            return "count(*) FILTER (email <> '')"


def _rows_held(asked: Asked) -> dict[str, tuple[bool, int, datetime | None]]:
    """Stream → whether it holds events, how many rows live in it, and when the latest event happened."""
    columns: dict[str, set[str]] = {}
    described = asked.sql(
        "SELECT table_name, column_name FROM duckdb_columns()"
        " WHERE database_name = current_database() AND schema_name = 'streams'"
    )
    for table, column in described:
        columns.setdefault(table, set()).add(column)
    held = {}
    for table, names in columns.items():
        if names >= _EVENTS:
            counted = "count(*), max(occurred_at)"
        elif names >= _RECORDS:
            counted = f"count(*) FILTER ({quote('_deleted_at')} IS NULL), NULL"
        else:
            continue
        ((rows, newest),) = asked.sql(f"SELECT {counted} FROM {quote_table('streams', table)}")  # noqa: S608  quoted
        held[table] = (names >= _EVENTS, rows, newest)
    return held
