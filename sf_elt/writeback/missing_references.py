"""Records that new ones refer to and that nobody has made yet: the account of a new contact."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from importlib.resources import files

import duckdb

from sf_elt.salesforce import ObjectDescribe
from sf_elt.warehouse import Warehouse
from sf_elt.writeback.errors import ExportMisconfigured
from sf_elt.writeback.field_sources import Found
from sf_elt.writeback.references import keep_found
from sf_elt.writeback.sought import sought_by
from sf_elt.writeback.spec import ExportSpec
from sf_elt.writeback.subjects import make_group_macros
from sf_elt.writeback.verdicts import FoundRecord, SubjectMatch, make_current_matches, prepare

_MISSING = files("sf_elt.writeback").joinpath("missing_references.sql").read_text("utf-8")


def export_of_references(spec: ExportSpec, source: Found) -> ExportSpec:
    """The export that creates the records that `source` finds missing: one for each value, matched by it."""
    if not isinstance(source.equals, str):
        raise ExportMisconfigured(f"export {spec.name!r}: find {source.find}: create goes with a user field in equals")
    return ExportSpec(
        name=f"{spec.name}_{source.find.removesuffix('__c').lower()}",
        object=source.find,
        operation="create",
        matchers={source.by: source.equals},
        group_by=source.equals,
        fields_on_create=source.create,
        condition=spec.condition,
        audiences=spec.audiences if spec.only_members else (),
        only_members=spec.only_members,
        events=spec.events,
        where=spec.where,
        transport=spec.transport,
        duplicates=spec.duplicates,
        batch_size=spec.batch_size,
    )


def exports_of_references(spec: ExportSpec) -> list[ExportSpec]:
    """The exports that make what the records of this one refer to; what their own records refer to comes after them."""
    found: dict[str, ExportSpec] = {}
    for source in spec.references():
        if source.create:
            export = export_of_references(spec, source)
            for each in (export, *exports_of_references(export)):
                found.setdefault(each.name, each)
    return list(found.values())


def missing_references(
    warehouse: Warehouse,
    spec: ExportSpec,
    described: ObjectDescribe,
    source: Found,
    *,
    now: datetime,
    matches: Sequence[SubjectMatch],
    found: Sequence[FoundRecord],
) -> dict[str, str]:
    """The values of `source` that records to be created refer to and that no record has yet, each with its subject in
    the export of references.
    """
    with warehouse.read() as connection:
        types = prepare(connection, spec, described, now=now, found=found)
        make_current_matches(connection, spec, matches, since=now)
        make_group_macros(connection)
        rows = connection.execute(
            _MISSING.format(value=sought_by(source, types).key),
            {"export": spec.name, "object": source.find, "field": source.by, "has_matchers": bool(spec.matchers)},
        ).fetchall()
    return {str(value): str(subject_id) for value, subject_id in rows}


def to_be_created(source: Found, values: Iterable[str]) -> list[FoundRecord]:
    """Records that a dry run takes for created; their Ids say so."""
    stand_in = f"new{source.find.removesuffix('__c')}"[:15].ljust(18, "0")
    return [FoundRecord(source.find, source.by, value, stand_in) for value in values]


def keep_created(
    connection: duckdb.DuckDBPyConnection,
    export: ExportSpec,
    source: Found,
    subjects: Mapping[str, str],
    *,
    now: datetime,
) -> None:
    """Notes the records that the export of references has made as found, by the subjects of `missing_references`."""
    rows = connection.execute("SELECT subject_id, record_id FROM writeback.confirmed WHERE export = ?", [export.name])
    made = {str(subject_id): str(record_id) for subject_id, record_id in rows.fetchall()}
    found = [
        FoundRecord(source.find, source.by, value, made[subject_id])
        for value, subject_id in subjects.items()
        if subject_id in made
    ]
    keep_found(connection, found, now=now)
