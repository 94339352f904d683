"""What a dry run shows in the UI."""

from sf_elt.components.exports.preview import changes_table
from sf_elt.writeback import ExportSpec, FieldChange
from sf_elt.writeback.field_sources import Template


def test_only_audiences_and_scores_are_shown_in_full() -> None:
    """Any other value is masked as user fields are, by the name of its field and of those that fill it."""
    changes = [
        FieldChange("00Q1", "p1", "Audiences__c", None, "Frequent visitors"),
        FieldChange("00Q1", "p1", "Email", "zoë@example.com", "ada@example.com"),
        FieldChange("00Q1", "p1", "Phone", "030 1", None),
        FieldChange("00Q1", "p1", "GenderIdentity", None, "f"),
        FieldChange("00Q1", "p1", "Department", None, "Ada Lovelace"),
        FieldChange("00Q1", "p1", "Status", None, "Working"),
    ]
    fields = {"Department": Template(template="{name}"), "Status": "lead_status"}
    table = changes_table(
        changes, ExportSpec(name="leads", object="Lead", match="ids", audiences_field="Audiences__c", fields=fields)
    )
    assert [(row.data["field"], row.data["before"], row.data["after"]) for row in table.records] == [
        ("Audiences__c", "(empty)", "Frequent visitors"),
        ("Email", "z***@e***.com", "a***@e***.com"),
        ("Phone", "…01", "(empty)"),
        ("GenderIdentity", "(empty)", "… (length 1)"),
        ("Department", "(empty)", "A. L."),
        ("Status", "(empty)", "Working"),
    ]
    assert [column.name for column in table.schema.columns] == ["record", "profile", "field", "before", "after"]
