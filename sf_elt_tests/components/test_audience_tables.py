"""What the asset of the audiences shows besides its numbers."""

from sf_elt.components.audience_tables import sample_table, sizes_table
from sf_elt.insight import AudienceChange, AudiencesReport, Sample


def test_sizes_and_members_are_tables() -> None:
    """A row for each audience with its share, and a row for each member of a sample, empty values left out."""
    sample = Sample(
        ("profile_id", "email", "salesforce_lead_name", "frequency"), (("p1", "a***@e***.com", "(empty)", "70"),)
    )
    changes = (AudienceChange("Loyal", 1, 1, 0, 1), AudienceChange("Former", 0, 0, 3, 3))
    report = AudiencesReport(changes, profiles=8, samples={"Loyal": sample}, notes={}, seconds=0.1)
    assert [list(row.data.values()) for row in sizes_table(report).records] == [
        ["Loyal", 1, "12.5%", 1, 0, 1],
        ["Former", 0, "0.0%", 0, 3, 3],
    ]
    assert [list(row.data.values()) for row in sample_table(report).records] == [
        ["Loyal", "p1", "a***@e***.com", "frequency: 70"]
    ]
    assert [list(row.data.values()) for row in sizes_table(AudiencesReport(changes[:1], 0, {}, {}, 0.1)).records] == [
        ["Loyal", 1, "", 1, 0, 1]
    ]
