"""What an export's asset says of a run, and of the fields that it writes."""

import dagster as dg

from sf_elt.components.running import numbers
from sf_elt.writeback import TOP_TOPICS, ExportReport, ExportSpec
from sf_elt.writeback.field_sources import Constant, FieldSource, First, Found, RecordType, Template, Total


def metadata_of(report: ExportReport, left: int | None) -> dict[str, dg.MetadataValue]:
    """The numbers of a run that sent, as they plot in the UI; `left` are the API calls that are left."""
    written = {f"records_{verb}": report.by_operation.get(each, 0) for verb, each in _VERBS.items()}
    undone = {"records_undeleted": report.by_operation.get("undelete", 0), "undid_run": report.undoes}
    return numbers(
        {
            "dagster/row_count": report.succeeded,
            "records_planned": report.planned,
            "records_confirmed": report.succeeded,
            **written,
            **(undone if report.undoes else {}),
            "records_refused": report.failed,
            "records_set_aside": report.set_aside,
            "records_without_record": report.without_record,
            "records_unchanged": report.unchanged,
            "records_refused_before": report.refused_before,
            "records_confirmed_by_lookup": report.confirmed_by_lookup,
            "records_waiting_for_approval": 0,
            "api_calls": report.api_calls,
            "api_calls_left": left,
            "seconds": report.seconds,
        }
    )


_VERBS = {"created": "create", "updated": "update", "deleted": "delete"}


def columns_of(spec: ExportSpec) -> dg.TableSchema:
    """The Salesforce fields that are written or that records are found by, and what from."""
    sources = {field: f"{_told(source)}; records are found by it" for field, source in spec.matchers.items()}
    sources |= {field: _told(source) for field, source in spec.fields.items()}
    sources |= {field: f"{_told(source)}, of new records" for field, source in spec.fields_on_create.items()}
    own = {
        spec.audiences_field: "the profile's audiences",
        spec.scores_field: "the profile's scores",
        spec.affinity_field: "the profile's topics of most interest",
    }
    sources |= {field: source for field, source in own.items() if field is not None}
    return dg.TableSchema(columns=[dg.TableColumn(field, description=source) for field, source in sources.items()])


def what_to_do(spec: ExportSpec, connection: str, reason: str) -> str:
    """The reason with what to do about it: `sf-elt setup` makes the fields that are this export's own."""
    own = [spec.audiences_field, spec.scores_field, spec.affinity_field, spec.external_id]
    own += [field for field, source in spec.fields.items() if source == TOP_TOPICS]
    if any(field and field.endswith("__c") and field in reason for field in own):
        return f"{reason}. `sf-elt setup {connection}` says what is missing, with --apply it makes it"
    return f"{reason}. Put it right in the org, or in the YAML; the export then goes on by itself"


def _told(source: FieldSource) -> str:
    """What a field gets, in words."""
    match source:
        case str():
            return "the profile's topics of most interest" if source == TOP_TOPICS else f"user field {source}"
        case Constant():
            return f"always {source.constant}"
        case Template():
            return f"the text {source.template}"
        case First():
            return f"the first that has a value: {'; '.join(map(_told, source.first))}"
        case Found():
            created = ", created where there is none" if source.create else ""
            return f"the {source.find} whose {source.by} is {_equal_to(source.equals)}{created}"
        case RecordType():
            return f"the record type {source.record_type}"
        case Total():
            return f"the sum of {source.sum}"


def _equal_to(value: str | Constant) -> str:
    return str(value.constant) if isinstance(value, Constant) else f"that of user field {value}"
