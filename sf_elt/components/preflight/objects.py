"""What a preflight tests of each stream: objects, fields, timestamps, sharing."""

from collections.abc import Iterator

from sf_elt.components.deployment import ImportedStream
from sf_elt.components.preflight.findings import Finding
from sf_elt.counting import count
from sf_elt.salesforce import ObjectDescribe, Org, UnknownField, UnknownObject, did_you_mean
from sf_elt.salesforce.permissions import Rights, fact, how_to_grant, owner_of
from sf_elt.streams import SpecRefused, StreamSpec, stream_columns
from sf_elt.streams.windows import NO_TIMESTAMP, TIMESTAMP_FIELDS, WHOLE

SOME = 5  # hidden fields that are named before the rest is counted


def named_fields(spec: StreamSpec) -> list[str]:
    """The fields that the YAML names, each once; `Owner.Name` for a field of a parent."""
    chosen = () if spec.fields is None or isinstance(spec.fields, str) else spec.fields
    cut_by = [name for name in [spec.timestamp_field] if name is not None and name.lower() != NO_TIMESTAMP]
    return list(dict.fromkeys([*chosen, *spec.additional_fields, *spec.exclude_fields, *cut_by]))


def parents_of(spec: StreamSpec, described: ObjectDescribe) -> Iterator[str]:
    """The objects behind the relationships that the YAML names."""
    for name in named_fields(spec):
        relationship, dot, _ = name.partition(".")
        reference = described.relationships.get(relationship) if dot else None
        yield from reference.referenceTo if reference is not None else ()


def about_stream(org: Org, each: ImportedStream, known: Rights) -> Iterator[Finding]:
    """One imported object. What is described in `org.described` is all there is to see; nothing is asked."""
    spec = each.spec
    described = org.described.get(spec.object)
    if described is None:
        yield unseen_object(spec.stream, known, spec.object)
        return
    if not described.queryable:
        yield Finding(
            spec.stream, "object", "missing", f"{spec.object} cannot be queried", "Take it out of the import."
        )
        return
    yield Finding(spec.stream, "object", "ok", f"{described.name} is readable")
    missing = [_unseen_field(org, spec, known, name) for name in named_fields(spec) if not _is_seen(org, spec, name)]
    yield from missing
    if not missing:
        yield from _columns(org, spec, known, described)
    yield from _sharing(spec, known, described)


def _columns(org: Org, spec: StreamSpec, known: Rights, described: ObjectDescribe) -> Iterator[Finding]:
    try:
        columns = stream_columns(org, spec)
    except (SpecRefused, UnknownField, UnknownObject) as error:
        yield Finding(spec.stream, "fields", "missing", str(error), "Change the import's YAML.")
        return
    hidden = known.hidden_fields(described.name, described.by_name)
    says = f"{count(len(columns.columns), 'field is read', 'fields are read')}"
    if hidden and (spec.fields is None or spec.fields == "all"):
        named = ", ".join(hidden[:SOME]) + (f" and {len(hidden) - SOME} more" if len(hidden) > SOME else "")
        says += f"; {len(hidden)} are hidden from the integration user and left out: {named}"
        grant = how_to_grant(known, described.name, hidden[0]) + (" (and the others)" if len(hidden) > 1 else "")
        yield Finding(spec.stream, "fields", "warning", says, f"{grant}, where they are wanted.")
    else:
        yield Finding(spec.stream, "fields", "ok", says)
    if columns.timestamp_field != WHOLE and described.field(columns.timestamp_field).nillable:
        says = f"windows are cut by {columns.timestamp_field}; records in which it is empty are not read"
        grant = (
            f"Set timestamp_field to one that is always filled, such as {TIMESTAMP_FIELDS[0]}, where all should come."
        )
        yield Finding(spec.stream, "timestamp", "warning", says, grant)
    elif columns.timestamp_field != WHOLE:
        yield Finding(spec.stream, "timestamp", "ok", f"windows are cut by {columns.timestamp_field}")
    elif spec.timestamp_field is not None:
        yield Finding(spec.stream, "timestamp", "ok", "the object is read whole each time, as it is configured")
    else:
        says = f"{described.name} has no timestamp to filter by: it is read whole each time"
        yield Finding(spec.stream, "timestamp", "warning", says, "Set timestamp_field, where there is one that moves.")


def _sharing(spec: StreamSpec, known: Rights, described: ObjectDescribe) -> Iterator[Finding]:
    if known.sees_all_records(described.name) is False:
        yield Finding(
            spec.stream,
            "sharing",
            "warning",
            f"records of {described.name} that are not shared with the integration user do not come",
            how_to_grant(known, described.name, right="View All"),
        )
    elif known.sees_all_records(described.name):
        yield Finding(spec.stream, "sharing", "ok", "the integration user sees every record")


def _is_seen(org: Org, spec: StreamSpec, name: str) -> bool:
    relationship, dot, related = name.partition(".")
    described = org.described[spec.object]
    if not dot:
        return _has(described, name)
    reference = described.relationships.get(relationship)
    parents = reference.referenceTo if reference is not None else ()
    return any(_has(org.described[parent], related) for parent in parents if parent in org.described)


def _has(described: ObjectDescribe, name: str) -> bool:
    try:
        described.field(name)
    except UnknownField:
        return False
    return True


def unseen_object(subject: str, known: Rights, object_name: str) -> Finding:
    absent = known.why_not_seen(object_name) == "absent"
    grant = "Correct its name, or take it out." if absent else how_to_grant(known, object_name)
    return Finding(subject, "object", "missing", fact(known, object_name), grant)


def _unseen_field(org: Org, spec: StreamSpec, known: Rights, name: str) -> Finding:
    object_name, field_name = owner_of(org, spec.object, name)
    said = fact(known, object_name, field_name)
    if object_name in org.described:
        said += did_you_mean(field_name, org.described[object_name].by_name)
    absent = known.why_not_seen(object_name, field_name) == "absent"
    grant = "Correct its name, or take it out." if absent else how_to_grant(known, object_name, field_name)
    return Finding(spec.stream, "fields", "missing", said, grant)
