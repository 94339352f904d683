"""What the org fills in by itself: an opportunity's probability from its stage, and what records say of their children.

Counts and flags on a parent change without moving the parent's timestamps, as in Salesforce.
"""
# ruff: noqa: S608 (names come from the schema and are quoted, values are parameters)

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files

from sf_elt.demo_org.calculated import refresh_calculated
from sf_elt.demo_org.saving.batch import write_inserts
from sf_elt.demo_org.saving.member_statuses import add_statuses
from sf_elt.demo_org.saving.rows import Row
from sf_elt.demo_org.schema import ObjectType
from sf_elt.demo_org.store import Store, Writing, quote, table

STAGES = {
    "Prospecting": (10.0, "Pipeline"),
    "Qualification": (10.0, "Pipeline"),
    "Needs Analysis": (20.0, "Pipeline"),
    "Value Proposition": (50.0, "Pipeline"),
    "Id. Decision Makers": (60.0, "Pipeline"),
    "Perception Analysis": (70.0, "Pipeline"),
    "Proposal/Price Quote": (75.0, "Pipeline"),
    "Negotiation/Review": (90.0, "Pipeline"),
    "Closed Won": (100.0, "Closed"),
    "Closed Lost": (0.0, "Omitted"),
}
"""Each stage's probability in percent and forecast category, as a new Salesforce org has them."""


def _sql(name: str) -> str:
    return files("sf_elt.demo_org.saving").joinpath(name).read_text("utf-8")


@dataclass(frozen=True)
class _Summary:
    """What a parent says of its children: the child's reference to it, its own key prefix, and the statement.

    The statement brings the parents `$ids` up to date, `$today` is the day.
    """

    reference: str
    key_prefix: str
    statement: str


def _last_activity(child: str) -> tuple[_Summary, ...]:
    """An activity that is over moves the LastActivityDate of the person and of what it is about."""
    past = '"IsClosed"' if child == "Task" else '"EndDateTime" <= $today'
    return tuple(
        _Summary(reference, key_prefix, _sql("last_activity.sql").format(
            parent=parent, reference=reference, child=child, past=past
        ))
        for reference, key_prefix, parent in (
            ("WhoId", "00Q", "Lead"), ("WhoId", "003", "Contact"), ("WhatId", "001", "Account"),
            ("WhatId", "006", "Opportunity"), ("WhatId", "701", "Campaign"),
        )
    )  # fmt: skip


_SUMMARIES: Mapping[str, tuple[_Summary, ...]] = {
    "OpportunityContactRole": (_Summary("OpportunityId", "006", _sql("primary_contact.sql")),),
    "Task": (_Summary("WhatId", "006", _sql("open_activity.sql")), *_last_activity("Task")),
    "Event": _last_activity("Event"),
    "CampaignMember": (_Summary("CampaignId", "701", _sql("campaign_counts.sql")),),
    "Opportunity": (_Summary("CampaignId", "701", _sql("campaign_opportunities.sql")),),
}
"""For each child object, what its parents say of their children beside roll-up summaries."""


_DONE = {"Task": ("Completed", "CompletedDateTime"), "Case": ("Closed", "ClosedDate")}
"""The status in which work is done, and the field that says since when."""


def fill_in(object_type: ObjectType, row: Row, now: datetime) -> None:
    """Adds the cells that follow from the others."""
    if object_type.name == "Opportunity":
        _follow_stage(row, now)
    if object_type.name == "Event" and row.created and row.cells.get("EventSubtype") is None:
        row.cells["EventSubtype"] = "Event"
    if object_type.name in _DONE and row.cells.get("Status", former := row.existing.get("Status")) != former:
        status, date_field = _DONE[object_type.name]
        row.cells[date_field] = now if row.cells["Status"] == status else None
    if object_type.name == "CampaignMember" and row.cells.get("HasResponded"):
        row.cells["FirstRespondedDate"] = row.existing.get("FirstRespondedDate") or now.date()


def follow_up(store: Store, write: Writing, object_type: ObjectType, rows: Sequence[Row], user_id: str) -> None:
    """Brings other records in line with those just saved."""
    if object_type.name == "Opportunity":
        _add_primary_roles(store, write, rows, user_id)
    if object_type.name == "OpportunityContactRole":
        _keep_one_primary(write, [row for row in rows if row.cells.get("IsPrimary")])
    if object_type.name == "Case":
        _add_comments(store, write, rows, user_id)
    if object_type.name in ("Campaign", "CampaignMemberStatus"):
        add_statuses(store, write, object_type, rows, user_id)
    if object_type.name in ("Task", "Event"):
        _find_accounts(write, object_type, rows)
    references = _references(object_type)
    parents = parents_of(write, object_type, [row.id for row in rows if not row.created])
    told = [row.cells.get(name) for row in rows if row.created for name in references]  # by new records, or formerly
    told += [parent for row in rows for name, parent in row.existing.items() if name in references]
    refresh(write, object_type, sorted({*parents, *(each for each in told if isinstance(each, str))}))
    _refresh_calculated(store, write, object_type, rows)


def parents_of(write: Writing, object_type: ObjectType, ids: Sequence[str]) -> list[str]:
    """The parents whose counts, flags and dates depend on the records `ids`."""
    found: set[str] = set()
    for reference in _references(object_type) if ids else ():
        rows = write.connection.execute(
            f'SELECT DISTINCT {quote(reference)} FROM {table(object_type.name)} WHERE "Id" IN (SELECT unnest(?))',
            [list(ids)],
        ).fetchall()
        found.update(parent for (parent,) in rows if parent is not None)
    return sorted(found)


def refresh(write: Writing, object_type: ObjectType, parents: Sequence[str]) -> None:
    """Brings the parents of an object's records up to date."""
    for summary in _SUMMARIES.get(object_type.name, ()):
        ids = [each for each in parents if each.startswith(summary.key_prefix)]
        if ids:
            parameters: dict[str, object] = {"ids": ids}
            if "$today" in summary.statement:
                parameters["today"] = write.now.date()
            write.connection.execute(summary.statement, parameters)


def _references(object_type: ObjectType) -> list[str]:
    return list(dict.fromkeys(each.reference for each in _SUMMARIES.get(object_type.name, ())))


def _find_accounts(write: Writing, object_type: ObjectType, rows: Sequence[Row]) -> None:
    """An activity's account is that of the opportunity or the person that it is about."""
    ids = [row.id for row in rows if row.created or "WhatId" in row.cells or "WhoId" in row.cells]
    if ids:
        write.connection.execute(_sql("account_of_activity.sql").format(child=object_type.name), {"ids": ids})


def _follow_stage(row: Row, now: datetime) -> None:
    stage = row.cells.get("StageName")
    if not isinstance(stage, str) or stage == row.existing.get("StageName"):
        return
    row.cells["LastStageChangeDate"] = now
    if stage in STAGES:
        probability, category = STAGES[stage]
        if row.cells.get("Probability") is None:
            row.cells["Probability"] = probability
        if row.cells.get("ForecastCategoryName") is None:
            row.cells["ForecastCategoryName"] = category


def _add_primary_roles(store: Store, write: Writing, rows: Sequence[Row], user_id: str) -> None:
    """An opportunity made with a ContactId gets that contact as its primary role."""
    with_contact = [row for row in rows if row.created and row.cells.get("ContactId")]
    if not with_contact:
        return
    role_type = store.schema.require("OpportunityContactRole")
    ids = store.next_ids(role_type.name, len(with_contact))
    roles = [
        Row(role_id, True, {"OpportunityId": row.id, "ContactId": row.cells["ContactId"], "IsPrimary": True})
        for role_id, row in zip(ids, with_contact, strict=True)
    ]
    write_inserts(write, role_type, roles, user_id)
    write.saved.add(role_type.name)


def _add_comments(store: Store, write: Writing, rows: Sequence[Row], user_id: str) -> None:
    """A case's Comments only ever make another comment, for internal eyes (Object Reference, "Case")."""
    commented = [row for row in rows if row.cells.get("Comments")]
    if not commented:
        return
    comment_type = store.schema.require("CaseComment")
    ids = store.next_ids(comment_type.name, len(commented))
    comments = [
        Row(comment_id, True, {"ParentId": row.id, "CommentBody": row.cells["Comments"]})
        for comment_id, row in zip(ids, commented, strict=True)
    ]
    write_inserts(write, comment_type, comments, user_id)
    write.saved.add(comment_type.name)


def _keep_one_primary(write: Writing, rows: Sequence[Row]) -> None:
    """The latest primary role is the only one of its opportunity."""
    if not rows:
        return
    roles = table("OpportunityContactRole")
    opportunity_of = dict(
        write.connection.execute(
            f'SELECT "Id", "OpportunityId" FROM {roles} WHERE "Id" IN (SELECT unnest(?))', [[row.id for row in rows]]
        ).fetchall()
    )
    latest = {opportunity_of[row.id]: row.id for row in rows}
    write.connection.execute(
        f'UPDATE {roles} SET "IsPrimary" = false, "SystemModstamp" = $now WHERE "IsPrimary" '
        'AND "OpportunityId" IN (SELECT unnest($opportunities)) AND "Id" NOT IN (SELECT unnest($latest))',
        {"now": write.now, "opportunities": list(latest), "latest": list(latest.values())},
    )


def _refresh_calculated(store: Store, write: Writing, object_type: ObjectType, rows: Sequence[Row]) -> None:
    """Formulas over parents and roll-ups, for the rows' parents of before too.

    A new record has no children, and counts in its parents' roll-ups only.
    """
    references = {each.name for each in object_type.stored_fields if each.type == "reference"}
    for created in (True, False):
        alike = [row for row in rows if row.created == created]
        changed = {name for row in alike for name in row.cells if not created or name in references}
        former = {
            value
            for row in alike
            for name, value in row.existing.items()
            if name in references and isinstance(value, str) and value != row.cells.get(name, value)
        }
        if changed:
            ids = [row.id for row in alike]
            refresh_calculated(write.connection, store.schema, object_type, ids, sorted(former), changed=changed)
