"""A warehouse with profiles, audiences, scores and imported records, made by hand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import duckdb

from sf_elt.insight import SCORES
from sf_elt.warehouse import Warehouse, quote

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
CREATED = datetime(2026, 1, 1)
LATER = datetime(2999, 1, 1)

USER_FIELDS = {
    "email": "VARCHAR",
    "emails": "VARCHAR[]",
    "name": "VARCHAR",
    "company": "VARCHAR",
    "owner_email": "VARCHAR",
    "title": "VARCHAR",
    "topics": "VARCHAR[]",
    "statuses": "MAP(VARCHAR, BIGINT)",
    "revenue": "DOUBLE",
    "employees": "BIGINT",
    "opted_out": "BOOLEAN",
    "bounced_at": "TIMESTAMP",
    "bounced_text": "VARCHAR",
    "salesforce_lead_ids": "VARCHAR[]",
    "salesforce_account_id": "VARCHAR",
}


@dataclass
class Person:
    """A profile with the records and the audiences that it has."""

    profile_id: str
    lead_ids: Sequence[str] = ()
    audiences: Sequence[str] = ()
    scores: Mapping[str, int] | None = None
    values: Mapping[str, object] = field(default_factory=dict)
    created_at: datetime = CREATED
    updated_at: datetime = CREATED


@dataclass
class Lead:
    """An imported lead."""

    record_id: str
    deleted: bool = False
    converted: bool = False
    changed_at: datetime = CREATED


def fill(warehouse: Warehouse, people: Sequence[Person], leads: Sequence[Lead]) -> None:
    """The warehouse as the rooms before write-back leave it; a second call moves people in and out of audiences."""
    with warehouse.write() as connection:
        fill_tables(connection, people, leads)


def fill_tables(connection: duckdb.DuckDBPyConnection, people: Sequence[Person], leads: Sequence[Lead]) -> None:
    """What `fill` does, in a transaction that is open already."""
    _profiles(connection, people)
    _audiences(connection, people)
    _scores(connection, people)
    connection.execute(
        "CREATE OR REPLACE TABLE streams.salesforce_leads "
        '("Id" VARCHAR, "IsConverted" BOOLEAN, "SystemModstamp" TIMESTAMP, '
        "_loaded_at TIMESTAMP, _window VARCHAR, _deleted_at TIMESTAMP)"
    )
    rows = [
        [lead.record_id, lead.converted, lead.changed_at, CREATED, "", CREATED if lead.deleted else None]
        for lead in leads
    ]
    if rows:
        connection.executemany("INSERT INTO streams.salesforce_leads VALUES (?, ?, ?, ?, ?, ?)", rows)


def _profiles(connection: duckdb.DuckDBPyConnection, people: Sequence[Person]) -> None:
    columns = ", ".join(f"{quote(name)} {data_type}" for name, data_type in USER_FIELDS.items())
    connection.execute(
        "CREATE OR REPLACE TABLE profiles.profiles "
        f"(profile_id VARCHAR, created_at TIMESTAMP, updated_at TIMESTAMP, {columns})"
    )
    marks = ", ".join("?" for _ in range(3 + len(USER_FIELDS)))
    for person in people:
        values = {"salesforce_lead_ids": list(person.lead_ids), **person.values}
        connection.execute(
            f"INSERT INTO profiles.profiles VALUES ({marks})",
            [person.profile_id, person.created_at, person.updated_at, *(values.get(name) for name in USER_FIELDS)],
        )


def _audiences(connection: duckdb.DuckDBPyConnection, people: Sequence[Person]) -> None:
    now = NOW.replace(tzinfo=None)
    for person in people:
        connection.execute(
            "UPDATE insight.audience_members SET left_at = ?, left_because = 'person' "
            "WHERE profile_id = ? AND left_at IS NULL AND audience NOT IN (SELECT unnest(?::VARCHAR[]))",
            [now, person.profile_id, list(person.audiences)],
        )
        for audience in person.audiences:
            connection.execute(
                "INSERT INTO insight.audience_members SELECT $1, $2, $3, NULL, 'person', NULL WHERE NOT EXISTS "
                "(FROM insight.audience_members WHERE audience = $1 AND profile_id = $2 AND left_at IS NULL)",
                [audience, person.profile_id, now],
            )
            connection.execute(
                "INSERT INTO insight.audiences SELECT $1, '', '', '', 0, $2 "
                "WHERE $1 NOT IN (SELECT audience FROM insight.audiences)",
                [audience, now],
            )


def _scores(connection: duckdb.DuckDBPyConnection, people: Sequence[Person]) -> None:
    connection.execute("DELETE FROM insight.scores")
    for person in people:
        if person.scores is not None:
            marks = ", ".join("?" for _ in SCORES)
            connection.execute(
                f"INSERT INTO insight.scores (profile_id, computed_at, {', '.join(SCORES)}) VALUES (?, ?, {marks})",
                [person.profile_id, NOW.replace(tzinfo=None), *(person.scores.get(score) for score in SCORES)],
            )
