"""What a dry run shows in the UI: the first records field by field, without personal data."""

from collections.abc import Collection, Iterable

import dagster as dg

from sf_elt.writeback import FieldChange

EMPTY = "(empty)"
SHORT = 3
FULL_VALUES = (
    "Audiences and scores are shown as they are. Of every other value the first character and the length are: personal "
    "data stays in the warehouse. Who may open that sees the full values with plan_export(…, dry_run=True).sample "
    "(docs/exports.md, Looking first), and those of all profiles in profiles.profiles."
)

_COLUMNS = {
    "record": "Id of the record that would be written.",
    "profile": "Id of the profile whose values it would get.",
    "field": "Salesforce field.",
    "before": "What the org holds now.",
    "after": "What it would hold.",
}


def changes_table(changes: Iterable[FieldChange], in_full: Collection[str]) -> dg.TableMetadataValue:
    """One row for each field of each record; values of fields that are not among `in_full` are masked."""
    schema = dg.TableSchema(
        columns=[dg.TableColumn(name, "string", description) for name, description in _COLUMNS.items()]
    )
    return dg.MetadataValue.table(
        [
            dg.TableRecord(
                {
                    "record": change.record_id,
                    "profile": change.profile_id,
                    "field": change.field,
                    "before": _shown(change.before, masked=change.field not in in_full),
                    "after": _shown(change.after, masked=change.field not in in_full),
                }
            )
            for change in changes
        ],
        schema,
    )


def _shown(value: str | None, *, masked: bool) -> str:
    if value is None or value == "":
        return EMPTY
    if not masked:
        return value
    first = value[0] if len(value) > SHORT else ""  # of a short value the first character tells too much
    return f"{first}… (length {len(value):,})"
