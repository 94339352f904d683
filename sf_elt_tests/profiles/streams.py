"""Streams made by hand, with the columns that the streams' views document."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from sf_elt.profiles import FieldRule, Guards, ManualLists, ProfilesReport, build_profiles
from sf_elt.warehouse import Warehouse

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
Row = Mapping[str, Any]

_ROW = {
    "record_id": pa.string(),
    "modified_at": pa.timestamp("us"),
    "imported_at": pa.timestamp("us"),
    "deleted_at": pa.timestamp("us"),
}
SCHEMAS = {
    "salesforce_leads": {
        **_ROW,
        "lead_id": pa.string(),
        "lead_email": pa.string(),
        "lead_status": pa.string(),
        "lead_created_date": pa.timestamp("us"),
        "lead_number_of_employees": pa.int64(),
        "lead_score": pa.float64(),
        "lead_has_opted_out_of_email": pa.bool_(),
        "lead_topics": pa.list_(pa.string()),
        "lead_source": pa.string(),
        "lead_lead_source": pa.string(),
        "lead_converted_contact_id": pa.string(),
        "master_record_id": pa.string(),
    },
    "salesforce_contacts": {
        **_ROW,
        "contact_id": pa.string(),
        "contact_email": pa.string(),
        "contact_lead_source": pa.string(),
        "master_record_id": pa.string(),
    },
    "salesforce_accounts": {
        **_ROW,
        "account_contact_id": pa.string(),
        "account_name": pa.string(),
    },
}
EVENTS = {
    "event_id": pa.string(),
    "occurred_at": pa.timestamp("us"),
    "type": pa.string(),
    "email": pa.string(),
    "anonymous_id": pa.string(),
    "url": pa.string(),
    "title": pa.string(),
    "topics": pa.list_(pa.string()),
    "_loaded_at": pa.timestamp("us"),
}


def lead(number: int, email: str | None = None, **columns: Any) -> Row:
    """A lead with the Id `lead_id(number)`, modified on the day after 2026-01-01 that its number says."""
    return _row(lead_id(number), number) | {"lead_id": lead_id(number), "lead_email": email} | columns


def contact(number: int, email: str | None = None, **columns: Any) -> Row:
    return _row(contact_id(number), number) | {"contact_id": contact_id(number), "contact_email": email} | columns


def account(number: int, contact_number: int | None, **columns: Any) -> Row:
    contact = None if contact_number is None else contact_id(contact_number)
    return _row(f"001{number:012}AAA", number) | {"account_contact_id": contact} | columns


def event(at: datetime, email: str | None = None, cookie: str | None = None, **columns: Any) -> Row:
    at = at.replace(tzinfo=None)
    return {"event_id": f"{at}{email}{cookie}", "occurred_at": at, "email": email, "anonymous_id": cookie, **columns}


def lead_id(number: int) -> str:
    return f"00Q{number:012}AAA"


def contact_id(number: int) -> str:
    return f"003{number:012}AAA"


def _row(record_id: str, number: int) -> dict[str, Any]:
    modified_at = datetime(2026, 1, 1) + timedelta(days=number)
    return {"record_id": record_id, "modified_at": modified_at, "imported_at": modified_at, "deleted_at": None}


def put(warehouse: Warehouse, **streams: Sequence[Row]) -> None:
    """Replaces the rows of these streams: leads, contacts, accounts, events."""
    with warehouse.write() as connection:
        for name, rows in streams.items():
            events = name == "events"
            table = "streams.web_events" if events else f"main.salesforce_{name}"
            columns = EVENTS if events else SCHEMAS[f"salesforce_{name}"]
            arriving = pa.Table.from_pylist([{c: row.get(c) for c in columns} for row in rows], pa.schema(columns))
            connection.register("arriving", arriving)
            connection.execute(f"CREATE OR REPLACE TABLE {table} AS FROM arriving")
            connection.unregister("arriving")


def rule(stream: str, source: str, to: str, type: str = "string", **more: Any) -> FieldRule:
    return FieldRule.model_validate({"stream": stream, "source": source, "to": to, "type": type, **more})


IDENTIFIERS = [
    rule(
        "salesforce_leads", "lead_id", "salesforce_lead_ids", "[]string", merge="set", identifier=True, clean="id18"
    ),
    rule(
        "salesforce_contacts", "contact_id", "salesforce_contact_ids", "[]string", merge="set", identifier=True,
        clean="id18",
    ),
    rule(
        "salesforce_accounts", "account_contact_id", "salesforce_contact_ids", "[]string", merge="set",
        identifier=True, clean="id18",
    ),
    rule("salesforce_leads", "lead_email", "email", identifier=True, clean="email"),
    rule("salesforce_contacts", "contact_email", "email", identifier=True, clean="email"),
    rule("web_events", "email", "email", identifier=True, clean="email"),
    rule("web_events", "anonymous_id", "web_cookies", "[]string", merge="set", identifier=True),
]  # fmt: skip
"""The identifiers of the default mapping, without its other fields."""


def build(
    warehouse: Warehouse,
    *rules: FieldRule,
    guards: Guards | None = None,
    lists: ManualLists | None = None,
    day: int = 0,
    mapping: Sequence[FieldRule] = (),
    anew: bool = False,
) -> ProfilesReport:
    """Builds the profiles with IDENTIFIERS and these rules (or with just `mapping`), `day` days after NOW."""
    every = mapping or [*IDENTIFIERS, *rules]
    now = NOW + timedelta(days=day)
    return build_profiles(warehouse, every, guards, lists, now=now, run_id=f"run {day}", anew=anew)


def profiles(warehouse: Warehouse) -> list[dict[str, Any]]:
    """The profiles as dicts, in the order of their first identifiers."""
    return table(warehouse, "profiles.profiles", "salesforce_lead_ids, salesforce_contact_ids, profile_id")


def table(warehouse: Warehouse, name: str, order: str = "ALL") -> list[dict[str, Any]]:
    with warehouse.read() as connection:
        return connection.sql(f"FROM {name} ORDER BY {order}").to_arrow_table().to_pylist()


def only(warehouse: Warehouse) -> dict[str, Any]:
    """The one profile that there is."""
    (profile,) = profiles(warehouse)
    return profile


def people(warehouse: Warehouse) -> set[frozenset[str]]:
    """The profiles as sets of the identifiers that they hold."""
    with warehouse.read() as connection:
        rows = connection.execute("SELECT list(value) FROM profiles.identifiers GROUP BY profile_id").fetchall()
    return {frozenset(row[0]) for row in rows}
