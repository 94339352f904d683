"""What a dry run shows in the UI."""

from sf_elt.components.preview import changes_table
from sf_elt.writeback import FieldChange


def test_only_audiences_and_scores_are_shown_in_full() -> None:
    """Any other value shows its first character and its length; an empty one says so; nothing of a person stays."""
    changes = [
        FieldChange("00Q1", "p1", "Audiences__c", None, "Frequent visitors"),
        FieldChange("00Q1", "p1", "Email", "zoë@example.com", "ada@example.com"),
        FieldChange("00Q1", "p1", "Phone", "", None),
        FieldChange("00Q1", "p1", "GenderIdentity", None, "f"),
    ]
    table = changes_table(changes, in_full=["Audiences__c", "Scores__c"])
    assert [(row.data["field"], row.data["before"], row.data["after"]) for row in table.records] == [
        ("Audiences__c", "(empty)", "Frequent visitors"),
        ("Email", "z… (length 15)", "a… (length 15)"),
        ("Phone", "(empty)", "(empty)"),
        ("GenderIdentity", "(empty)", "… (length 1)"),
    ]
    assert [column.name for column in table.schema.columns] == ["record", "profile", "field", "before", "after"]
