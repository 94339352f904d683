"""What a dry run shows in the UI: the first records field by field, without personal data."""

from collections.abc import Collection, Iterable

import dagster as dg

from sf_elt.profiles.masking import mask
from sf_elt.writeback import FieldChange

FULL_VALUES = (
    "Audiences and scores are shown as they are, and so are fields of a few words such as a status. Of any other value "
    "no more is than tells one from another: personal data stays in the warehouse. Who may open that sees the full "
    "values with `sf-elt export plan NAME --full`, and those of all profiles in profiles.profiles."
)

_COLUMNS = {
    "record": "Id of the record that would be written.",
    "profile": "Id of the profile whose values it would get.",
    "field": "Salesforce field.",
    "before": "What the org holds now.",
    "after": "What it would hold.",
}


def changes_table(changes: Iterable[FieldChange], in_full: Collection[str]) -> dg.TableMetadataValue:
    """One row for each field that changes; values of fields that are not among `in_full` are masked."""
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
                    "before": shown(change.field, change.before, in_full),
                    "after": shown(change.field, change.after, in_full),
                }
            )
            for change in changes
        ],
        schema,
    )


def shown(field: str, value: str | None, in_full: Collection[str]) -> str:
    """A value as it may be shown: as it is in a field of `in_full`, else without personal data."""
    return value if value and field in in_full else mask(field, value)
