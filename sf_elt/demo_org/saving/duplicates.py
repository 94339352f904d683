"""Duplicate rules: whether a record that is about to be saved is much like one that the org has.

As the standard rules do, in their simplest form: the same email, or the same name and company (a contact: and account).
"""
# ruff: noqa: S608 (names come from the schema and are quoted, values are parameters)

from collections.abc import Sequence

import duckdb

from sf_elt.demo_org.rules import WriteRules
from sf_elt.demo_org.saving.outcome import DuplicateMatch, SaveError, SaveOptions
from sf_elt.demo_org.saving.rows import Row
from sf_elt.demo_org.schema import ObjectType
from sf_elt.demo_org.store import quote, table

WARNING = "You're creating a duplicate record. We recommend you use an existing record instead."

_MATCH_ON = {
    "Lead": (("Email",), ("LastName", "FirstName", "Company")),
    "Contact": (("Email",), ("LastName", "FirstName", "AccountId")),
    "Account": (("Name", "BillingCity"), ("Name", "Website")),
}
"""For each object that has a standard rule: the sets of fields of which one must agree, all of them filled."""

MOST_MATCHES = 100


def check_duplicates(
    connection: duckdb.DuckDBPyConnection,
    rules: WriteRules,
    object_type: ObjectType,
    rows: Sequence[Row],
    options: SaveOptions,
) -> None:
    """Refuses rows that a rule takes for duplicates, unless it only warns and the caller insists."""
    action = rules.duplicate_rule(object_type.name) if object_type.name in _MATCH_ON else "off"
    if action in ("off", "allow") or (action == "alert" and options.allow_duplicates):
        return
    for row in rows:
        if row.errors:
            continue
        found = _like(connection, object_type, row)
        if found:
            match = DuplicateMatch(
                object_name=object_type.name,
                rule=f"Standard_{object_type.name}_Duplicate_Rule",
                matching_rule=f"Standard_{object_type.name}_Match_Rule_v1_1",
                allow_save=action == "alert",
                message=WARNING,
                records=tuple(each if options.duplicate_details else {"Id": each["Id"]} for each in found),
            )
            row.errors = (SaveError("DUPLICATES_DETECTED", WARNING, (), match),)


def _like(connection: duckdb.DuckDBPyConnection, object_type: ObjectType, row: Row) -> list[dict[str, str | None]]:
    """Living records that agree with the row in one of the rule's sets of fields of which the row changes some."""
    conditions: list[str] = []
    parameters: list[object] = []
    for names in _MATCH_ON[object_type.name]:
        values = [row.cells.get(name, row.existing.get(name)) for name in names]
        if all(isinstance(value, str) for value in values) and any(name in row.cells for name in names):
            conditions.append("(" + " AND ".join(f"lower({quote(name)}) = lower(?)" for name in names) + ")")
            parameters += values
    if not conditions:
        return []
    compared = [name for names in _MATCH_ON[object_type.name] for name in names if object_type.has(name)]
    shown = dict.fromkeys(["Id", "Name", *compared])  # of what the user sees
    unconverted = ' AND NOT "IsConverted"' if object_type.has("IsConverted") else ""
    rows = connection.execute(
        f"SELECT {', '.join(map(quote, shown))} FROM {table(object_type.name)} WHERE ({' OR '.join(conditions)}) "
        f'AND NOT "IsDeleted"{unconverted} AND "Id" != ? ORDER BY "Id" LIMIT {MOST_MATCHES}',
        [*parameters, row.known_id or ""],
    ).fetchall()
    return [dict(zip(shown, values, strict=True)) for values in rows]
