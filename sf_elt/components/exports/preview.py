"""What a dry run shows in the UI: the first records field by field, without personal data."""

from collections.abc import Iterable

import dagster as dg

from sf_elt.profiles.masking import mask
from sf_elt.writeback import ExportSpec, FieldChange
from sf_elt.writeback.field_sources import named_in

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


def changes_table(changes: Iterable[FieldChange], spec: ExportSpec) -> dg.TableMetadataValue:
    """One row for each field that changes, as `shown`."""
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
                    "before": shown(change.field, change.before, spec),
                    "after": shown(change.field, change.after, spec),
                }
            )
            for change in changes
        ],
        schema,
    )


def shown(field: str, value: str | None, spec: ExportSpec) -> str:
    """A value as it may be shown: audiences and scores as they are, any other without personal data.

    The name of its field must not say more than those of the user fields that fill it: `Department` may hold a name.
    """
    if value and field in (spec.audiences_field, spec.scores_field):
        return value
    told = mask(field, value)
    filled = (spec.fields, spec.fields_on_create, spec.fields_on_leave, spec.matchers)
    for name in (name for of_fields in filled if field in of_fields for name in named_in(of_fields[field])):
        if told == value:
            told = mask(name, value)
    return told
