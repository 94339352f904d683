"""Replication: which records of an object were saved or deleted in a span of time, as getUpdated and getDeleted say.

    updated_records(store, lead, start, end)       # Updated(ids=["00Q…"], latest_date_covered=…)
    deleted_records(store, lead, start, end)       # Deleted(records=[("00Q…", deleted at)], …)

Rules from Salesforce's getUpdated() and getDeleted() pages: seconds of the bounds are ignored, the span is
`[start, end)` by SystemModstamp, getUpdated reaches 30 days back and getDeleted 15, either gives at most 600,000 Ids.
A transaction under way holds `latest_date_covered` back: its records will carry its start, and whoever asks from
there on meets them.
"""
# ruff: noqa: S608 (names come from the schema and are quoted, values are parameters)

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sf_elt.demo_org.errors import OrgError
from sf_elt.demo_org.history import parent_field
from sf_elt.demo_org.schema import ObjectType
from sf_elt.demo_org.store import Store, Writing, quote, table
from sf_elt.demo_org.tables import living

OLDEST_START = timedelta(days=30)
KEPT_DELETIONS = timedelta(days=15)
MOST_IDS = 600_000

_SHORTEST = timedelta(minutes=1)


@dataclass(frozen=True)
class Updated:
    """Ids of records that were made or saved and are not deleted, by time. Datetimes are naive UTC."""

    ids: list[str]
    latest_date_covered: datetime


@dataclass(frozen=True)
class Deleted:
    """Ids of records that are deleted, with when they were, by time. Datetimes are naive UTC.

    Deletions before `earliest_date_available` are forgotten.
    """

    records: list[tuple[str, datetime]]
    earliest_date_available: datetime
    latest_date_covered: datetime


def updated_records(
    store: Store, object_type: ObjectType, start: datetime, end: datetime, *, most: int = MOST_IDS
) -> Updated:
    """What was saved between two aware datetimes.

    Raises OrgError: INVALID_REPLICATION_DATE, EXCEEDED_ID_LIMIT, INVALID_TYPE_FOR_OPERATION.
    """
    first, last, covered = _span(store, object_type, start, end)
    rows = _rows(
        store,
        f"""
        SELECT "Id"
        FROM {table(object_type.name)}
        WHERE "{object_type.stamp}" >= $first AND "{object_type.stamp}" < $last AND {living(object_type)}
        ORDER BY "{object_type.stamp}", "Id"
        """,
        {"first": first, "last": last},
        most,
    )
    return Updated([record_id for (record_id,) in rows], covered)


def deleted_records(
    store: Store, object_type: ObjectType, start: datetime, end: datetime, *, most: int = MOST_IDS
) -> Deleted:
    """What was deleted between two aware datetimes and is still in the recycle bin, or removed for good.

    Raises OrgError: INVALID_REPLICATION_DATE, EXCEEDED_ID_LIMIT, INVALID_TYPE_FOR_OPERATION.
    """
    first, last, covered = _span(store, object_type, start, end)
    earliest = max(_minute(store.clock() - KEPT_DELETIONS), _founded(store))
    rows = _rows(
        store,
        f"""
        SELECT "Id", deleted_at
        FROM (
            {_in_the_bin(object_type)}
            SELECT "Id", deleted_at FROM replication.removed WHERE object_name = $object_name
        )
        WHERE deleted_at >= $first AND deleted_at < $last
        ORDER BY deleted_at, "Id"
        """,
        {"first": max(first, earliest), "last": last, "object_name": object_type.name},
        most,
    )
    return Deleted([(record_id, deleted_at) for record_id, deleted_at in rows], earliest, covered)


def _in_the_bin(object_type: ObjectType) -> str:
    """Selects what is in the recycle bin; history is deleted with the record whose history it is."""
    name = table(object_type.name)
    if object_type.history_of:
        parent = quote(parent_field(object_type).name)
        return (
            f'SELECT row."Id", parent."SystemModstamp" AS deleted_at FROM {name} AS row '
            f'JOIN {table(object_type.history_of)} AS parent ON parent."Id" = row.{parent} '
            'WHERE row."IsDeleted" UNION ALL'
        )
    if object_type.has("IsDeleted"):
        return f'SELECT "Id", "SystemModstamp" AS deleted_at FROM {name} WHERE "IsDeleted" UNION ALL'
    return ""


def log_removal(write: Writing, object_type: ObjectType, ids: Sequence[str]) -> None:
    """Remembers that records are about to be removed for good; one out of the recycle bin was deleted before."""
    dated = object_type.has("IsDeleted") and object_type.has("SystemModstamp")
    deleted_at = 'CASE WHEN "IsDeleted" THEN "SystemModstamp" ELSE $now END' if dated else "$now"
    write.connection.execute(
        f"""
        INSERT INTO replication.removed
        SELECT $object_name, "Id", {deleted_at}
        FROM {table(object_type.name)}
        WHERE "Id" IN (SELECT unnest($ids))
        """,
        {"object_name": object_type.name, "now": write.now, "ids": list(ids)},
    )


def _span(store: Store, object_type: ObjectType, start: datetime, end: datetime) -> tuple[datetime, datetime, datetime]:
    """The bounds in whole minutes and how far they are covered."""
    if not object_type.replicateable:
        message = f"entity type {object_type.name} does not support replication"
        raise OrgError(400, "INVALID_TYPE_FOR_OPERATION", message)
    now = store.clock()
    first, last = _minute(start), _minute(end)
    if last < first:
        raise _invalid("startDate cannot be after endDate")
    if last - first < _SHORTEST:
        raise _invalid("startDate must be at least one minute greater than endDate")  # Salesforce has it the wrong way
    if start < now - OLDEST_START:
        raise _invalid("startDate cannot be more than 30 days ago")
    if first < _founded(store):
        raise _invalid("startDate before org replication enabled date")
    covered = min(last, _minute(now))
    if store.writing_since is not None:
        covered = min(covered, store.writing_since)
    return first, last, covered


def _founded(store: Store) -> datetime:
    """The minute in which the org was made."""
    with store.reading() as connection:
        row = connection.execute(f'SELECT min("CreatedDate") FROM {table("Organization")}').fetchone()
    founded: datetime | None = row[0] if row else None
    return datetime.min if founded is None else founded.replace(second=0, microsecond=0)


def _rows(store: Store, statement: str, parameters: dict[str, object], most: int) -> list[tuple[Any, ...]]:
    with store.reading() as connection:
        rows = connection.execute(f"{statement} LIMIT {most + 1}", parameters).fetchall()
    if len(rows) > most:
        message = f"More than {most} Ids are in the span: choose a start and an end that are closer together"
        raise OrgError(400, "EXCEEDED_ID_LIMIT", message)
    return rows


def _minute(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None, second=0, microsecond=0)


def _invalid(message: str) -> OrgError:
    return OrgError(400, "INVALID_REPLICATION_DATE", message)
