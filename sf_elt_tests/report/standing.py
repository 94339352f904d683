"""A warehouse filled by hand, so that every figure of the report is known; names and values in it are hostile."""

from datetime import datetime, timedelta

from sf_elt.insight import SCORES
from sf_elt.warehouse import Warehouse, naive

HOSTILE = "<script>alert('1')</script>"
TOPIC = '"><img src=//evil.example/x onerror=alert(1)>'
PERSONAL = ("ada@example.com", "grace@example.com", "00QHs0000000001MAA", "cookie-of-ada", "Lovelace", "p0000")
"""What stands in the warehouse and in no report."""


def fill(warehouse: Warehouse, now: datetime) -> None:
    """Ten people, three audiences with a history of 40 days, two scores, two streams, two exports."""
    with warehouse.write() as connection:

        def insert(table: str, *rows: dict[str, object]) -> None:
            for row in rows:
                values = {name: naive(value) if isinstance(value, datetime) else value for name, value in row.items()}
                names = ", ".join(values)
                marks = ", ".join(f"${name}" for name in values)
                connection.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", values)

        def ago(days: float) -> datetime:
            return now - timedelta(days=days)

        connection.execute("CREATE TABLE profiles.profiles (profile_id VARCHAR, created_at TIMESTAMP, email VARCHAR)")
        emails = ["ada@example.com", "grace@example.com", "c@x.org", "d@x.org", "e@x.org", "f@x.org", "", *[None] * 3]
        for number, email in enumerate(emails):
            insert(
                "profiles.profiles",
                {"profile_id": f"p{number:04}", "created_at": ago(3 if number >= 8 else 100), "email": email},
            )
            for kind, value in (("web_cookies", "cookie-of-ada"), ("email", email))[: 2 if number < 6 else 1]:
                row = {"kind": kind, "value": f"{value}", "profile_id": f"p{number:04}", "first_seen": ago(3)}
                insert("profiles.identifiers", row)
        _audiences(insert, ago)
        _behaviour(insert, ago)
        _health(insert, ago)
        connection.execute('CREATE TABLE streams.salesforce_leads ("Id" VARCHAR, _deleted_at TIMESTAMP)')
        connection.execute(
            "INSERT INTO streams.salesforce_leads VALUES ('00QHs0000000001MAA', NULL), ('2', NULL), ('3', now())"
        )
        connection.execute("CREATE TABLE streams.web_events (occurred_at TIMESTAMP, email VARCHAR, _file VARCHAR)")
        insert("streams.web_events", {"occurred_at": ago(0.5), "email": "ada@example.com", "_file": "a"})
        for hours in (0, 1, 2, 5):
            insert("ops.windows", _window(ago(hours / 24), f"run {hours}"))
        insert(
            "ops.event_files",
            {"stream": "web_events", "file": "a", "md5": "", "rows_read": 1, "rows_set_aside": 2, "read_at": ago(0.25)},
        )
        _exports(insert, ago)


def _window(at: datetime, run_id: str) -> dict[str, object]:
    moments = dict.fromkeys(("window_start", "window_end", "read_from", "read_to", "newest", "completed_at"), at)
    counts = ("org_count", "rows_read", "rows_new", "rows_changed", "rows_unchanged", "rows_deleted", "api_calls")
    return {
        **moments, **dict.fromkeys(counts, 1), "stream": "salesforce_leads", "is_open": True, "seconds": 1.0,
        "timestamp_field": "SystemModstamp", "transport": "rest", "run_id": run_id,
    }  # fmt: skip


def _audiences(insert, ago) -> None:
    for name, members, condition in ((HOSTILE, 4, "frequency > 65"), ("Loyal", 3, "email <> '<b>'"), ("Nobody", 0, "")):
        insert(
            "insight.audiences",
            {
                "audience": name, "description": f"{name} & co.", "condition": condition, "members": members,
                "definition_md5": "", "evaluated_at": ago(0.1),
            },
        )  # fmt: skip
    stays = (
        # audience, person, entered (days ago) because, left (days ago) because
        (HOSTILE, 0, 40, "definition", None, None),
        (HOSTILE, 1, 40, "definition", None, None),
        (HOSTILE, 2, 40, "definition", 5, "person"),
        (HOSTILE, 3, 40, "definition", 6, "definition"),
        (HOSTILE, 4, 20, "person", 15, "profile gone"),
        (HOSTILE, 5, 10, "person", None, None),
        (HOSTILE, 6, 2, "person", None, None),
        ("Loyal", 0, 0.2, "definition", None, None),
        ("Loyal", 1, 0.2, "definition", None, None),
        ("Loyal", 7, 0.2, "definition", None, None),
        ("Former", 7, 30, "person", 1, "definition"),
    )
    for audience, person, entered, why, left, why_left in stays:
        insert(
            "insight.audience_members",
            {
                "audience": audience, "profile_id": f"p{person:04}", "entered_at": ago(entered),
                "entered_because": why, "left_at": None if left is None else ago(left), "left_because": why_left,
            },
        )  # fmt: skip


def _behaviour(insert, ago) -> None:
    for person, value in enumerate((0, 9, 10, 100)):
        row = dict.fromkeys(SCORES, value) | {"propensity": None}
        insert("insight.scores", {**row, "profile_id": f"p{person:04}", "computed_at": ago(0.1)})
    interests = ((0, {"pricing": 0.5, TOPIC: 0.4}), (1, {"pricing": 0.4, "a": 0.3, "b": 0.2, TOPIC: 0.1}))
    for person, affinities in interests:
        at = {"profile_id": f"p{person:04}", "computed_at": ago(0.1)}
        insert("insight.interests", {**at, "top_topics": "", "affinities": affinities})
        for key, affinity in affinities.items():
            topic = "Pricing" if key == "pricing" else key
            insert(
                "insight.affinities",
                {**at, "topic": topic, "affinity": affinity, "visits": 3, "last_visit_at": ago(2)},
            )


def _health(insert, ago) -> None:
    link = {"stream": "salesforce_leads", "record_id": "00QHs0000000001MAA", "value": "info@ada", "detail": "Lovelace"}
    insert("profiles.refused_links", {**link, "kind": "email", "rule": "role mailbox"})
    insert("profiles.refused_links", {**link, "kind": "email", "rule": "<i>unheard of</i>"})
    pair = {"kind": "email", "value": "ada@example.com", "other_kind": "email", "other_value": "grace@example.com"}
    insert("profiles.manual_links", {**pair, "apart": False, "pending": True})
    insert("profiles.manual_links", {**pair, "apart": True, "pending": False})
    for days in (1, 20, 60):
        insert("profiles.aliases", {"alias_id": "p0000x", "profile_id": "p0000", "merged_at": ago(days)})
    line = {"stream": "web_events", "file": "ada@example.com.csv", "line": 1, "content": "Lovelace"}
    insert("ops.set_aside", {**line, "reason": "occurred_at is no time: ada@example.com", "set_aside_at": ago(1)})
    insert("ops.set_aside", {**line, "reason": "not valid JSON", "set_aside_at": ago(10)})
    field = {"stream": "salesforce_leads", "type_before": "VARCHAR"}
    insert("ops.schema_changes", {**field, "field": "Gone__c", "change": "dropped", "seen_at": ago(1)})
    insert("ops.schema_changes", {**field, "field": "Back__c", "change": "dropped", "seen_at": ago(2)})
    insert("ops.schema_changes", {**field, "field": "Back__c", "change": "returned", "seen_at": ago(1)})


def _exports(insert, ago) -> None:
    plan = {"object": "Lead", "operation": "update", "rows_unchanged": 7, "rows_set_aside": 1}
    for export, plan_id, status, planned, days in (
        ("leads", "old", "superseded", 9, 3),
        ("leads", "new", "done", 3, 1),
        ("contacts", "held up", "paused", 5, 1),
    ):
        at = {"rows_planned": planned, "status": status, "planned_at": ago(days), "run_id": plan_id}
        insert("writeback.plans", {**plan, **at, "export": export, "plan_id": plan_id})
    for record, attempt, status, code, transport in (
        ("1", 0, "failed", "UNABLE_TO_LOCK_ROW", "rest"),
        ("1", 1, "succeeded", None, "rest"),
        ("2", 0, "failed", "FIELD_CUSTOM_VALIDATION_EXCEPTION", "rest"),
        ("3", 0, "succeeded", "ALREADY_HELD", "lookup"),
        ("4", 0, "set aside", "LEAD_CONVERTED", "none"),
    ):
        insert(
            "writeback.sync_log",
            {
                "run_id": "new", "plan_id": "new", "export": "leads", "profile_id": "p0000", "record_id": record,
                "operation": "update", "changed_fields": [], "status": status, "code": code, "attempt": attempt,
                "message": "Lovelace is no ada@example.com", "transport": transport, "logged_at": ago(1),
            },
        )  # fmt: skip
    row = {"profile_id": "p0000", "operation": "update", "payload": "{}", "payload_md5": "", "export": "contacts"}
    for number, status in enumerate(("planned", "planned", "in doubt", "done", "done")):
        insert("writeback.plan_rows", {**row, "plan_id": "held up", "row_number": number, "status": status})
