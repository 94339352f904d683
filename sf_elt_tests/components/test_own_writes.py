"""Our own writes come back with the next import; nothing that people decided moves with them."""

import json
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
from simple_salesforce import Salesforce

from sf_elt.definitions import defs
from sf_elt_tests.components.conftest import LEADS, Deployed

OPEN, CLOSED = "Working - Contacted", "Closed - Not Converted"
LEADS_EXPORT = dg.AssetKey(["writeback", "leads"])


@dataclass(frozen=True)
class Stands:
    """What a person's profile says, and which audiences it is in."""

    status: str
    leads: int
    audiences: tuple[str, ...]


def alone(sf: Salesforce, status: str) -> tuple[str, str]:
    """Id and email of a lead with this status, whose email no other record has."""
    leads = sf.query("SELECT Id, Email, Status, IsConverted FROM Lead WHERE Email != null ORDER BY Id")["records"]
    contacts = sf.query("SELECT Email FROM Contact WHERE Email != null")["records"]
    times = Counter(each["Email"].strip().lower() for each in [*leads, *contacts])
    return next(
        (each["Id"], each["Email"].strip().lower())
        for each in leads
        if each["Status"] == status and not each["IsConverted"] and times[each["Email"].strip().lower()] == 1
    )


def visited_lately(events: Path, emails: list[str]) -> None:
    """Web events of two and a half days ago, of these people and nobody else: no score moves while the test runs."""
    events.mkdir()
    at = (datetime.now(UTC) - timedelta(days=2, hours=12)).isoformat()
    lines = [json.dumps({"occurred_at": at, "type": "page_view", "email": email}) for email in emails]
    (events / "visits.jsonl").write_text("\n".join(lines) + "\n", "utf-8")


def standing(deployed: Deployed, emails: list[str]) -> dict[str, Stands]:
    with deployed.warehouse.read() as connection:
        rows = connection.execute(
            """
            SELECT
                email, salesforce_lead_status, len(salesforce_lead_ids),
                list_sort(list(audience) FILTER (audience IS NOT NULL AND left_at IS NULL))
            FROM profiles.profiles
            LEFT JOIN insight.audience_members USING (profile_id)
            WHERE email IN (SELECT unnest(?))
            GROUP BY email, salesforce_lead_status, salesforce_lead_ids
            """,
            [emails],
        ).fetchall()
    return {email: Stands(status, leads, tuple(audiences or ())) for email, status, leads, audiences in rows}


@pytest.mark.soak
def test_our_own_writes_do_not_decide_which_record_is_the_latest(
    deployed: Deployed, sf: Salesforce, tmp_path: Path
) -> None:
    """Two leads of one person with different statuses: after the echo of a write-back all stands, nothing is sent."""
    newer = {}
    for older_status, newer_status in ((OPEN, CLOSED), (CLOSED, OPEN)):
        _, email = alone(sf, older_status)
        sf.Lead.create({"LastName": "Twice", "Company": "Example", "Email": email, "Status": newer_status})
        newer[email] = newer_status
    visited_lately(tmp_path / "events", list(newer))
    deployed = replace(deployed, definitions=defs())  # with these events

    assert deployed.materialize(dg.AssetSelection.all(), deployed.range_tags()).success
    before = standing(deployed, list(newer))
    assert {email: (stands.status, stands.leads) for email, stands in before.items()} == {
        email: (status, 2) for email, status in newer.items()
    }
    assert ["Open to a call" in before[email].audiences for email in newer] == [False, True]

    assert deployed.materialize(dg.AssetSelection.all(), deployed.range_tags()).success
    assert deployed.metadata(LEADS)["rows_changed"] == 4  # their leads came back
    assert standing(deployed, list(newer)) == before
    assert deployed.metadata(LEADS_EXPORT)["records_planned"] == 0
