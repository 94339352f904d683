"""What the org fills in by itself: an opportunity's probability from its stage, and what records say of their children.

Counts and flags on a parent change without moving the parent's timestamps, as in Salesforce.
"""
# ruff: noqa: S608 (names come from the schema and are quoted, values are parameters)

from collections.abc import Sequence
from datetime import datetime
from importlib.resources import files

from sf_elt.demo_org.calculated import refresh_calculated
from sf_elt.demo_org.saving.batch import write_inserts
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


_REFRESH = {
    "OpportunityContactRole": ("OpportunityId", _sql("primary_contact.sql")),
    "Task": ("WhatId", _sql("open_activity.sql")),
    "CampaignMember": ("CampaignId", _sql("campaign_counts.sql")),
}
"""For a child object: its reference to the parent, and the statement that brings the parents `ids` up to date."""


def fill_in(object_type: ObjectType, row: Row, now: datetime) -> None:
    """Adds the cells that follow from the others."""
    if object_type.name == "Opportunity":
        _follow_stage(row, now)
    if object_type.name == "Task" and row.cells.get("Status") == "Completed":
        row.cells["CompletedDateTime"] = now


def follow_up(store: Store, write: Writing, object_type: ObjectType, rows: Sequence[Row], user_id: str) -> None:
    """Brings other records in line with those just saved."""
    if object_type.name == "Opportunity":
        _add_primary_roles(store, write, rows, user_id)
    if object_type.name == "OpportunityContactRole":
        _keep_one_primary(write, [row for row in rows if row.cells.get("IsPrimary")])
    former = [parent for row in rows for name, parent in row.existing.items() if name == _parent_field(object_type)]
    parents = parents_of(write, object_type, [row.id for row in rows])
    refresh(write, object_type, [*parents, *(each for each in former if isinstance(each, str))])
    _refresh_calculated(store, write, object_type, rows)


def parents_of(write: Writing, object_type: ObjectType, ids: Sequence[str]) -> list[str]:
    """The parents whose counts and flags depend on the records `ids`."""
    if object_type.name not in _REFRESH:
        return []
    reference, _ = _REFRESH[object_type.name]
    found = write.connection.execute(
        f'SELECT DISTINCT {quote(reference)} FROM {table(object_type.name)} WHERE "Id" IN (SELECT unnest(?))',
        [list(ids)],
    ).fetchall()
    return [parent for (parent,) in found if parent is not None]


def refresh(write: Writing, object_type: ObjectType, parents: Sequence[str]) -> None:
    """Brings the parents of an object's records up to date."""
    if not parents:
        return
    _, statement = _REFRESH[object_type.name]
    parameters: dict[str, object] = {"ids": list(parents)}
    if "$today" in statement:
        parameters["today"] = write.now.date()
    write.connection.execute(statement, parameters)


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
    role_type = store.schema.require("OpportunityContactRole")
    ids = store.next_ids(role_type.name, len(with_contact))
    roles = [
        Row(role_id, True, {"OpportunityId": row.id, "ContactId": row.cells["ContactId"], "IsPrimary": True})
        for role_id, row in zip(ids, with_contact, strict=True)
    ]
    write_inserts(write, role_type, roles, user_id)


def _keep_one_primary(write: Writing, rows: Sequence[Row]) -> None:
    """The latest primary role is the only one of its opportunity."""
    for row in rows:
        write.connection.execute(
            f'UPDATE {table("OpportunityContactRole")} SET "IsPrimary" = false, "SystemModstamp" = ? '
            'WHERE "IsPrimary" AND "Id" != ? AND "OpportunityId" = '
            f'(SELECT "OpportunityId" FROM {table("OpportunityContactRole")} WHERE "Id" = ?)',
            [write.now, row.id, row.id],
        )


def _refresh_calculated(store: Store, write: Writing, object_type: ObjectType, rows: Sequence[Row]) -> None:
    """Formulas over parents and roll-ups, for the rows' parents of before too."""
    references = {each.name for each in object_type.stored_fields if each.type == "reference"}
    former = {
        value
        for row in rows
        for name, value in row.existing.items()
        if name in references and isinstance(value, str) and value != row.cells.get(name, value)
    }
    ids = [row.id for row in rows]
    refresh_calculated(write.connection, store.schema, object_type, ids, sorted(former))


def _parent_field(object_type: ObjectType) -> str:
    return _REFRESH[object_type.name][0] if object_type.name in _REFRESH else ""
