"""The statuses that a campaign has for its members.

A new campaign has Sent, its default, and Responded. A member gets the default where it names no status, or one that its
campaign does not have: nobody is told (SOAP API Developer Guide, "CampaignMember").
"""
# ruff: noqa: S608 (names come from the schema and are quoted, values are parameters)

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import duckdb

from sf_elt.demo_org.saving.batch import write_inserts
from sf_elt.demo_org.saving.rows import Row
from sf_elt.demo_org.schema import ObjectType
from sf_elt.demo_org.store import Store, Writing, table

FIRST_STATUSES = (("Sent", False), ("Responded", True))
"""The statuses of a new campaign, the default first, and whether who has one has responded."""

_STATUSES = table("CampaignMemberStatus")


@dataclass(frozen=True)
class _Status:
    label: str
    responded: bool
    default: bool


def fill_statuses(connection: duckdb.DuckDBPyConnection, object_type: ObjectType, rows: Sequence[Row]) -> None:
    """Gives members that are new, or change their status, one that their campaign has."""
    if object_type.name != "CampaignMember":
        return
    asking = [row for row in rows if not row.errors and (row.created or "Status" in row.cells)]
    known = dict(
        connection.execute(
            f'SELECT "Id", "CampaignId" FROM {table(object_type.name)} WHERE "Id" IN (SELECT unnest(?))',
            [[row.id for row in asking if not row.created]],
        ).fetchall()
    )
    campaigns = [row.cells.get("CampaignId") if row.created else known[row.id] for row in asking]
    statuses = _statuses(connection, {each for each in campaigns if isinstance(each, str)})
    for row, campaign in zip(asking, campaigns, strict=True):
        of_campaign = statuses.get(str(campaign), [])
        wanted = str(row.cells.get("Status") or "").lower()
        chosen = next((each for each in of_campaign if each.label.lower() == wanted), None)
        chosen = chosen or next((each for each in of_campaign if each.default), None)
        if chosen is not None:
            row.cells["Status"], row.cells["HasResponded"] = chosen.label, chosen.responded


def add_statuses(store: Store, write: Writing, object_type: ObjectType, rows: Sequence[Row], user_id: str) -> None:
    """New campaigns get their first statuses; of the statuses of a campaign one is the default."""
    if object_type.name == "Campaign":
        new = [
            (row, place, label, responded)
            for row in rows
            if row.created
            for place, (label, responded) in enumerate(FIRST_STATUSES, 1)
        ]
        ids = store.next_ids("CampaignMemberStatus", len(new))
        statuses = [
            Row(status_id, True, {
                "CampaignId": row.id, "Label": label, "SortOrder": place, "IsDefault": place == 1,
                "HasResponded": responded,
            })
            for status_id, (row, place, label, responded) in zip(ids, new, strict=True)
        ]  # fmt: skip
        write_inserts(write, store.schema.require("CampaignMemberStatus"), statuses, user_id)
        write.saved.add("CampaignMemberStatus")
    elif object_type.name == "CampaignMemberStatus":
        _keep_one_default(write, [row.id for row in rows])


def check_statuses_go(connection: duckdb.DuckDBPyConnection, object_type: ObjectType, rows: Sequence[Row]) -> None:
    """Refuses to delete a default status and one that members have (Object Reference, "CampaignMemberStatus")."""
    if object_type.name != "CampaignMemberStatus":
        return
    good = [row for row in rows if not row.errors and row.known_id is not None]
    kept = connection.execute(
        f"""
        SELECT status."Id" FROM {_STATUSES} AS status
        WHERE status."Id" IN (SELECT unnest(?)) AND (status."IsDefault" OR EXISTS (
            FROM {table("CampaignMember")} AS member
            WHERE member."CampaignId" = status."CampaignId" AND member."Status" = status."Label"
                AND NOT member."IsDeleted"
        ))
        """,
        [[row.id for row in good]],
    ).fetchall()
    held = {record_id for (record_id,) in kept}
    for row in good:
        if row.id in held:
            row.refuse("DELETE_FAILED", "The status is its campaign's default, or members of the campaign have it")


def _statuses(connection: duckdb.DuckDBPyConnection, campaigns: Collection[str]) -> dict[str, list[_Status]]:
    found: dict[str, list[_Status]] = {}
    for campaign, label, responded, default in connection.execute(
        f'SELECT "CampaignId", "Label", "HasResponded", "IsDefault" FROM {_STATUSES} '
        'WHERE "CampaignId" IN (SELECT unnest(?)) AND NOT "IsDeleted" ORDER BY "SortOrder", "Id"',
        [list(campaigns)],
    ).fetchall():
        found.setdefault(campaign, []).append(_Status(label, responded, default))
    return found


def _keep_one_default(write: Writing, saved: Sequence[str]) -> None:
    """The default that was just named is the only one; where none is left, the first of the list is."""
    write.connection.execute(
        f"""
        WITH ranked AS (
            SELECT
                "Id",
                row_number() OVER (
                    PARTITION BY "CampaignId"
                    ORDER BY "IsDefault" DESC, "Id" IN (SELECT unnest($saved)) DESC, "SortOrder", "Id"
                ) = 1 AS is_default
            FROM {_STATUSES}
            WHERE NOT "IsDeleted"
                AND "CampaignId" IN (
                    SELECT "CampaignId" FROM {_STATUSES} WHERE "Id" IN (SELECT unnest($saved))
                )
        )
        UPDATE {_STATUSES} AS status
        SET "IsDefault" = ranked.is_default, "SystemModstamp" = $now
        FROM ranked
        WHERE status."Id" = ranked."Id" AND status."IsDefault" != ranked.is_default
        """,
        {"saved": list(saved), "now": write.now},
    )
