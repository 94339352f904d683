"""What the ledger of API calls says, for those who only look: nothing is made and nothing is locked."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime

from sf_elt.warehouse.calls import DAY, is_set_up
from sf_elt.warehouse.connection import Warehouse


@dataclass(frozen=True)
class OrgSays:
    """What an org last said of its own allowance of API calls, and when (UTC). `org` is its address, or who logs in."""

    org: str
    used: int
    allowed: int
    said_at: datetime


@dataclass(frozen=True)
class CallsStanding:
    """Calls of the last 24 hours by job (`import:salesforce`, `export:leads`, …), and what each org said last in them.

    What one said before is not known any more; it may be connected no longer.
    """

    by_job: Mapping[str, int]
    orgs: tuple[OrgSays, ...]


def calls_standing(warehouse: Warehouse, now: datetime) -> CallsStanding:
    """As the ledger has it; empty where no call has been made. Raises sqlite3.Error where it cannot be read."""
    file = warehouse.root / "calls.sqlite"
    if not file.exists():
        return CallsStanding({}, ())
    with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, timeout=5)) as ledger:
        if not is_set_up(ledger):
            return CallsStanding({}, ())
        by_job = ledger.execute(
            "SELECT job, count(*) FROM calls WHERE called_at > ? GROUP BY job ORDER BY job", (now.timestamp() - DAY,)
        ).fetchall()
        said = ledger.execute(
            "SELECT org, used, allowed, said_at FROM org_says WHERE said_at > ? ORDER BY org", (now.timestamp() - DAY,)
        ).fetchall()
    orgs = (OrgSays(org, used, allowed, datetime.fromtimestamp(at, UTC)) for org, used, allowed, at in said)
    return CallsStanding(dict(by_job), tuple(orgs))
