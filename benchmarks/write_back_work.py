"""What is measured of exports: planning, sending, and how others send the same."""

import time
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

from sf_elt.salesforce import Login, connect, query_records
from sf_elt.salesforce.ids import record_id
from sf_elt.salesforce.write import update_records
from sf_elt.warehouse import Warehouse
from sf_elt.writeback import ExportSpec, plan_export, run_export

NOW = datetime(2026, 11, 1, tzinfo=UTC)
SPEC = ExportSpec(
    name="contacts",
    object="Contact",
    match="salesforce_contact_ids",
    audiences_field="Audiences__c",
    scores_field="Scores__c",
    fields={"Title": "title", "MailingCity": "city"},
)


def make_people(folder: str, rows: int, login: dict[str, str] | None = None) -> None:
    """A warehouse of so many profiles, whose contacts are those of the org, or made up."""
    warehouse = Warehouse(Path(folder))
    ids = [record_id(f"003{number:012d}") for number in range(rows)] if login is None else _contacts(login, rows)
    with warehouse.write() as connection:
        connection.execute("CREATE TEMP TABLE ids AS SELECT unnest(?::VARCHAR[]) AS record_id", [ids])
        connection.execute(files("benchmarks").joinpath("write_back.sql").read_text("utf-8").format(rows=rows))


def _contacts(login: dict[str, str], rows: int) -> list[str]:
    org = connect(Login(**login))
    return [str(row["Id"]) for row in query_records(org, f"SELECT Id FROM Contact LIMIT {rows}")]


def confirm_all(folder: str, login: dict[str, str]) -> None:
    """Everything has been confirmed as it is planned now."""
    warehouse, org = Warehouse(Path(folder)), connect(Login(**login))
    plan = plan_export(org, warehouse, SPEC, now=NOW, run_id="first")
    with warehouse.write() as connection:
        connection.execute(
            "INSERT INTO writeback.confirmed BY NAME SELECT export, record_id, subject_id, profile_id, payload, "
            "payload_md5, now()::TIMESTAMP AS confirmed_at FROM writeback.plan_rows WHERE plan_id = ?",
            [plan.plan_id],
        )


def change_titles(folder: str, share: int) -> None:
    """Every so many-th profile gets another title."""
    with Warehouse(Path(folder)).write() as connection:
        connection.execute(
            "UPDATE profiles.profiles SET title = title || '!', updated_at = now() WHERE visits % ? = 0", [share]
        )


def plan(folder: str, login: dict[str, str]) -> int:
    """Plans, and gives how many records would be written."""
    org = connect(Login(**login))
    return plan_export(org, Warehouse(Path(folder)), SPEC, now=NOW, run_id="plan").rows_planned


def export(folder: str, login: dict[str, str]) -> dict[str, int]:
    """Plans, sends and confirms."""
    org = connect(Login(**login))
    report = run_export(org, Warehouse(Path(folder)), SPEC, now=datetime.now(UTC), run_id="export")
    return {"succeeded": report.succeeded, "failed": report.failed, "calls": report.api_calls}


def one_by_one(login: dict[str, str], rows: int) -> int:
    """A call for each record."""
    org = connect(Login(**login))
    for each in _contacts(login, rows):
        reply = org.session.patch(org.url(f"sobjects/Contact/{each}"), json=_values(each, "one"))
        reply.raise_for_status()
    return rows


def two_hundred(login: dict[str, str], rows: int) -> int:
    """A call for 200 records, without a plan or a log."""
    org = connect(Login(**login))
    ids = _contacts(login, rows)
    for start in range(0, len(ids), 200):
        update_records(org, "Contact", [{"Id": each, **_values(each, "many")} for each in ids[start : start + 200]])
    return len(ids)


def simple_salesforce(login: dict[str, str], rows: int) -> int:
    """simple-salesforce's own bulk2 with a dict for each record, which compares, remembers and reports nothing."""
    org = connect(Login(**login))
    records: list[dict[str, Any]] = [{"Id": each, **_values(each, "bulk")} for each in _contacts(login, rows)]
    began = time.monotonic()
    results = org.client.bulk2.Contact.update(records=records, wait=1)
    failed = sum(int(each["numberRecordsFailed"]) for each in results)
    if failed:
        raise RuntimeError(f"{failed} records were refused")
    return int(time.monotonic() - began)


def _values(contact: str, title: str) -> dict[str, object]:
    return {
        "Title": f"{title} {contact[-4:]}",
        "MailingCity": "City",
        "Audiences__c": "Hot",
        "Scores__c": "frequency 1",
    }
