"""What an evaluation of audiences shows in the UI: a table of their sizes and moves, and a few members of each."""

import dagster as dg

from sf_elt.insight import KNOWN_BY, AudiencesReport
from sf_elt.profiles.masking import NOTHING

_SIZES = {
    "audience": ("string", "The audience's name."),
    "members": ("int", "Profiles that are in it now."),
    "share": ("string", "Of all profiles."),
    "entered": ("int", "Profiles that entered at this evaluation."),
    "left": ("int", "Profiles that left at this evaluation."),
    "by_definition": ("int", "Of those, how many because a definition is new or changed and not they themselves."),
}
_SAMPLE = {
    "audience": ("string", "The audience's name."),
    "profile_id": ("string", "The member."),
    "known_by": ("string", "What tells who it is, masked."),
    "values": ("string", "The fields of the condition and the scores; texts that tell who it is are masked."),
}


def sizes_table(report: AudiencesReport) -> dg.TableMetadataValue:
    """One row for each audience."""
    rows = [
        dg.TableRecord(
            {
                "audience": each.audience,
                "members": each.members,
                "share": f"{each.members / report.profiles:.1%}" if report.profiles else "",
                "entered": each.entered,
                "left": each.left,
                "by_definition": each.by_definition,
            }
        )
        for each in report.audiences
    ]
    return dg.MetadataValue.table(rows, _schema(_SIZES))


def sample_table(report: AudiencesReport) -> dg.TableMetadataValue:
    """A few members of each audience, without personal data."""
    rows = []
    for name, sample in report.samples.items():
        for row in sample.rows:
            values = dict(zip(sample.columns, row, strict=True))
            profile_id = values.pop("profile_id")
            known_by = [values.pop(field) for field in KNOWN_BY if field in values]
            rows.append(
                dg.TableRecord(
                    {
                        "audience": name,
                        "profile_id": profile_id,
                        "known_by": ", ".join(each for each in known_by if each != NOTHING),
                        "values": ", ".join(f"{field}: {value}" for field, value in values.items()),
                    }
                )
            )
    return dg.MetadataValue.table(rows, _schema(_SAMPLE))


def _schema(columns: dict[str, tuple[str, str]]) -> dg.TableSchema:
    return dg.TableSchema(columns=[dg.TableColumn(name, kind, says) for name, (kind, says) in columns.items()])
