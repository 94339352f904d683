"""Campaign members: a lead or contact is in a campaign once."""
# ruff: noqa: S608 (names come from the schema and are quoted, values are parameters)

from collections.abc import Sequence

import duckdb

from sf_elt.demo_org.saving.rows import Row
from sf_elt.demo_org.schema import ObjectType
from sf_elt.demo_org.store import quote, table

_PEOPLE = ("LeadId", "ContactId")


def check_members(connection: duckdb.DuckDBPyConnection, object_type: ObjectType, rows: Sequence[Row]) -> None:
    """Refuses new members that are nobody, or in their campaign already; of those alike the first stays."""
    if object_type.name != "CampaignMember":
        return
    new = [row for row in rows if row.created and not row.errors]
    for row in new:
        if all(row.cells.get(name) is None for name in _PEOPLE):
            row.refuse("FIELD_INTEGRITY_EXCEPTION", "A lead or contact must be specified", *_PEOPLE)
    for person in _PEOPLE:
        wanted = [row.cells.get(person) for row in new]
        found = connection.execute(
            f'SELECT "CampaignId", {quote(person)} FROM {table(object_type.name)} '
            f'WHERE {quote(person)} IN (SELECT unnest(?)) AND NOT "IsDeleted"',
            [[each for each in wanted if each is not None]],
        ).fetchall()
        taken = set(found)
        for row in new:
            member = (row.cells.get("CampaignId"), row.cells.get(person))
            if row.errors or member[1] is None:
                continue
            if member in taken:
                row.refuse("DUPLICATE_VALUE", "Already a campaign member.")
            taken.add(member)
