"""The spec held against the org's describe and what its source has: which field gets which value."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from sf_elt.insight import SCORES
from sf_elt.salesforce import FieldDescribe, ObjectDescribe, UnknownField, did_you_mean
from sf_elt.warehouse import quote, quote_text
from sf_elt.writeback.errors import ExportMisconfigured
from sf_elt.writeback.field_sources import (
    Constant,
    FieldSource,
    First,
    Found,
    RecordType,
    Template,
    Total,
    is_required,
)
from sf_elt.writeback.sought import (
    MEMBER,
    Sought,
    Types,
    constant_text,
    one_text,
    said,
    sought_by,
    status_of_campaign,
)
from sf_elt.writeback.spec import TOP_TOPICS, ExportSpec
from sf_elt.writeback.subjects import total_of

_CAMPAIGN, _STATUS = "CampaignId", "Status"

LONGEST_SCORES = ", ".join(f"{score} 100" for score in SCORES)
TEXT_TYPES = ("string", "textarea")
LENGTH_TYPES = (*TEXT_TYPES, "picklist", "multipicklist", "combobox", "phone", "url", "email", "encryptedstring")
NUMBER_TYPES = ("double", "currency", "percent")


@dataclass(frozen=True)
class Target:
    """One Salesforce field that an export writes, as the org describes it, and where its value comes from."""

    field: str
    type: str
    source_type: str
    content_sql: str
    """The value as text, over `subject` (subject_rows, with _match_keys)."""
    nillable: bool
    is_own: bool
    """The field is there for this export's audiences, scores or topics: an empty value clears it always."""
    on_create: bool
    on_update: bool
    is_needed: bool
    """A new record cannot be without it, or is not to be: the source is required."""
    max_length: int
    limit_below: float
    """Numbers must be smaller than this; 0 for no limit."""
    scale: int
    allowed: tuple[str, ...]
    """Values of a restricted picklist; empty where anything goes."""


def find_targets(spec: ExportSpec, describe: ObjectDescribe, types: Types) -> tuple[Target, ...]:
    """The fields that `spec` writes, the matchers of new records among them.

    Raises ExportMisconfigured, with the nearest name that exists, for a field that is unknown, cannot be written or
    cannot hold what it would get, and for one that a new record needs and nothing fills.
    """
    if spec.operation == "delete":
        return ()
    on_update = spec.operation != "create"
    targets = [_of(spec, describe, name, source, types, on_update=on_update) for name, source in spec.fields.items()]
    targets += [
        _of(spec, describe, name, source, types, on_update=False) for name, source in spec.fields_on_create.items()
    ]
    targets = _with_leaving(spec, describe, targets, types)
    if spec.audiences_field is not None:
        targets.append(_audiences_target(spec, _field(spec, describe, spec.audiences_field)))
    if spec.scores_field is not None:
        targets.append(_scores_target(spec, _field(spec, describe, spec.scores_field)))
    if spec.affinity_field is not None:
        targets.append(_topics_target(spec, _field(spec, describe, spec.affinity_field)))
    if spec.creates:
        targets += _matcher_targets(spec, describe, {target.field for target in targets}, types)
        _require_all(spec, describe, {target.field for target in targets})
    else:
        targets = [replace(target, on_create=False) for target in targets if target.on_update]
    for target in targets:
        _require_writable(spec, describe, target)
    if (status := _sought_status(spec, describe, targets, types)) is not None:
        targets = [_status_target(target, status) if target.field == _STATUS else target for target in targets]
    return tuple(targets)


def sought_statuses(spec: ExportSpec, describe: ObjectDescribe, types: Types) -> list[Sought]:
    """The statuses of campaign members that are looked for, once the campaigns are known."""
    status = _sought_status(spec, describe, find_targets(spec, describe, types), types)
    return [] if status is None else [status]


def match_list(spec: ExportSpec, types: Types) -> str:
    """SQL for the Ids of a subject's records, over `subject`. Raises ExportMisconfigured where it cannot hold Ids."""
    if not spec.match:
        return "[]::VARCHAR[]"
    match types[spec.match]:
        case "VARCHAR[]":
            return f"coalesce(subject.{quote(spec.match)}, [])"
        case "VARCHAR":
            return f"[subject.{quote(spec.match)}]"
        case other:
            raise ExportMisconfigured(
                f"export {spec.name!r}: match {spec.match!r} holds *{_plain_type(other)}* values, not record Ids"
            )


def matcher_lists(spec: ExportSpec, describe: ObjectDescribe, types: Types) -> list[str]:
    """For each matcher SQL for the list of a subject's values as text, over `subject`; one value is a list of one."""
    lists = []
    for name, source in spec.matchers.items():
        if isinstance(source, str) and types[source].endswith("[]"):
            listed = f"[each::VARCHAR FOR each IN subject.{quote(source)} IF trim(each::VARCHAR) <> '']"
            lists.append(f"CASE WHEN len({listed}) > 0 THEN {listed} ELSE [NULL::VARCHAR] END")
        else:
            field = _field(spec, describe, name)
            lists.append(f"[{_content(spec, describe, field, source, types)[0]}]")
    return lists


def check_audiences(spec: ExportSpec, known: Sequence[str]) -> None:
    """Raises ExportMisconfigured for an audience that does not exist."""
    for audience in spec.audiences:
        if audience not in known:
            hint = did_you_mean(audience, known)
            raise ExportMisconfigured(
                f"export {spec.name!r}: there is no audience {audience!r} that was evaluated{hint}"
            )


def _of(
    spec: ExportSpec, describe: ObjectDescribe, name: str, source: FieldSource, types: Types, *, on_update: bool
) -> Target:
    field = _field(spec, describe, name)
    content, source_type = _content(spec, describe, field, source, types)
    target = _target(field, content, source_type, on_update=on_update)
    return replace(target, is_needed=target.is_needed or is_required(source))


def _with_leaving(spec: ExportSpec, describe: ObjectDescribe, targets: Sequence[Target], types: Types) -> list[Target]:
    """The targets, of which those of fields_on_leave have one value for who is in the source and one for who left."""
    by_name = {target.field: target for target in targets}
    for name, source in spec.fields_on_leave.items():
        left = _of(spec, describe, name, source, types, on_update=True)
        stays = by_name.get(left.field)
        content = (
            f"CASE WHEN subject._in_source THEN {stays.content_sql if stays else 'NULL'} ELSE {left.content_sql} END"
        )
        source_type = f"{stays.source_type} or {left.source_type}" if stays else left.source_type
        by_name[left.field] = replace(stays or left, content_sql=content, source_type=source_type, on_update=True)
    return list(by_name.values())


def _content(
    spec: ExportSpec, describe: ObjectDescribe, field: FieldDescribe, source: FieldSource, types: Types
) -> tuple[str, str]:
    """SQL for the value as text, and what the source is in words."""
    match source:
        case str() if source == TOP_TOPICS and types[source] == "VARCHAR":
            return _topics(field, f"subject.{quote(source)}"), "topics"
        case str():
            return _as_text(f"subject.{quote(source)}", types[source], field), _plain_type(types[source])
        case Constant():
            return quote_text(constant_text(source)), "constant"
        case Template():
            return _filled(source, types), "template"
        case First():
            each = (_first_of(spec, describe, field, inner, types) for inner in source.first)
            return f"coalesce({', '.join(each)})", "first"
        case RecordType():
            return quote_text(_record_type_id(spec, describe, source.record_type)), "record type"
        case Total():
            return f"subject.{quote(total_of(source.sum))}", "sum"
        case Found() if source.create:  # a record that could not be made is an error of what refers to it
            sought = sought_by(source, types)
            return f"coalesce({sought.select('found_records.record_id')}, {sought.key})", f"new {source.find}"
        case Found():
            return sought_by(source, types).select("found_records.record_id"), f"{source.find} record"


def _filled(source: Template, types: Types) -> str:
    """SQL for the template's text, null where none of its fields has a value."""
    parts = []
    named = []
    for text, name in source.parts():
        if text:
            parts.append(quote_text(text))
        if name is not None:
            value = f"subject.{quote(name)}"
            listed = f"array_to_string({value}, ', ')" if types[name].endswith("[]") else value
            named.append(said(listed))
            parts.append(f"coalesce({named[-1]}, '')")
    return f"CASE WHEN coalesce({', '.join(named)}) IS NOT NULL THEN trim({' || '.join(parts)}) END"


def _first_of(
    spec: ExportSpec, describe: ObjectDescribe, field: FieldDescribe, source: FieldSource, types: Types
) -> str:
    if isinstance(source, str):
        return one_text(source, types)
    return said(_content(spec, describe, field, source, types)[0])


def _record_type_id(spec: ExportSpec, describe: ObjectDescribe, name: str) -> str:
    known = {each.developerName: each.recordTypeId for each in describe.recordTypeInfos if each.available}
    if name not in known:
        raise ExportMisconfigured(
            f"export {spec.name!r}: {describe.name} has no record type {name!r} that this user may give"
            f"{did_you_mean(name, known)}"
        )
    return known[name]


def _matcher_targets(spec: ExportSpec, describe: ObjectDescribe, written: set[str], types: Types) -> Iterator[Target]:
    """New records get the values by which they are found again: of several the first."""
    for ordinal, (name, source) in enumerate(spec.matchers.items(), start=1):
        field = _field(spec, describe, name)
        if field.name not in written and field.type != "id":
            source_type = _content(spec, describe, field, source, types)[1]
            yield _target(field, f"subject._match_keys[1][{ordinal}]", source_type, on_update=False)


def _require_all(spec: ExportSpec, describe: ObjectDescribe, written: set[str]) -> None:
    missing = [field.name for field in describe.fields if is_needed(field) and field.name not in written]
    if missing:
        raise ExportMisconfigured(
            f"export {spec.name!r}: a new {describe.name} needs {', '.join(missing)}: say in fields or "
            "fields_on_create where the value comes from"
        )


def is_needed(field: FieldDescribe) -> bool:
    """Whether a new record cannot be without it, and the org does not fill it by itself."""
    return field.createable and not field.nillable and not field.defaultedOnCreate and field.type != "boolean"


def _require_writable(spec: ExportSpec, describe: ObjectDescribe, target: Target) -> None:
    field = describe.by_name[target.field]
    able = [
        what
        for what, wanted, allowed in (
            ("updated", target.on_update, field.updateable),
            ("set on a new record", target.on_create, field.createable),
        )
        if wanted and not allowed
    ]
    if able:
        why = "it is a formula" if field.calculated else "the org or the user's permissions do not allow it"
        if spec.creates and target.on_update and field.createable and not field.updateable:
            why = "only new records get it: put it into fields_on_create"
        raise ExportMisconfigured(f"export {spec.name!r}: {describe.name}.{field.name} cannot be {able[0]}: {why}")


def _sought_status(
    spec: ExportSpec, describe: ObjectDescribe, targets: Sequence[Target], types: Types
) -> Sought | None:
    """The status that members of a campaign get, where the export writes one and knows of which campaign."""
    status = next((target for target in targets if target.field == _STATUS), None)
    campaign = {**spec.matchers, **spec.fields_on_create, **spec.fields}.get(_CAMPAIGN)
    if describe.name != MEMBER or status is None or campaign is None:
        return None
    return status_of_campaign(
        _content(spec, describe, describe.field(_CAMPAIGN), campaign, types)[0], status.content_sql
    )


def _status_target(target: Target, status: Sought) -> Target:
    """The target, of which a status that the campaign does not have is refused."""
    unknown = status.select("found_records.record_id IS NULL")
    campaign, label = status.values
    message = (
        f"'{_STATUS}: the campaign ' || {campaign} || ' has no member status ' || {label} || coalesce('; it has ' || "
        f"{_statuses_of(status)}, '')"
    )
    refused = f"refusal('INVALID_MEMBER_STATUS', {message})"
    return replace(target, content_sql=f"CASE WHEN {unknown} THEN {refused} ELSE {target.content_sql} END")


def _statuses_of(status: Sought) -> str:
    """SQL for the statuses that the campaign is known to have, as text."""
    return f"""(
        SELECT string_agg(split_part(value, chr(10), 2), ', ' ORDER BY value) FROM found_records
        WHERE object = {quote_text(status.object)} AND field = {quote_text(status.field)} AND record_id IS NOT NULL
            AND split_part(value, chr(10), 1) = {status.values[0]}
    )"""  # noqa: S608 - quoted


def _as_text(value: str, data_type: str, field: FieldDescribe) -> str:
    """SQL for a value as text: `A, B` for a list and `New: 1; Open: 3` for a map, or `A;B` as choices.

    A list that is too long for its field loses its last items.
    """
    choices = field.type == "multipicklist"
    if data_type.endswith("[]"):
        if field.type == "reference":
            return f"one_id({value}, {quote_text(field.name)})"
        return _listed(f"list_sort(list_distinct({value}))", ";" if choices else ", ", field)
    if data_type.startswith("MAP("):
        told = "each.key" if choices else "each.key || ': ' || coalesce(each.value::VARCHAR, '')"
        return _listed(f"list_sort([{told} FOR each IN map_entries({value})])", ";" if choices else "; ", field)
    return f"CAST({value} AS VARCHAR)"


def _listed(items: str, separator: str, field: FieldDescribe) -> str:
    if field.type == "multipicklist":
        return f"choices({items}, {quote_text(field.name)})"
    if field.type not in TEXT_TYPES or not field.length:
        return f"array_to_string({items}, '{separator}')"
    return f"fitted({items}, '{separator}', {field.length})"


def _topics(field: FieldDescribe, value: str = "subject._topics") -> str:
    choices = field.type == "multipicklist"
    if not choices and (field.type not in TEXT_TYPES or not field.length):
        return value
    return _listed(f"string_split({value}, '; ')", ";" if choices else "; ", field)


def _audiences_target(spec: ExportSpec, field: FieldDescribe) -> Target:
    if field.type != "multipicklist":
        _only_text(spec, field, "audiences_field")
    separator = ";" if field.type == "multipicklist" else ", "
    return _target(field, _listed("subject._audiences", separator, field), "audiences", is_own=True)


def _scores_target(spec: ExportSpec, field: FieldDescribe) -> Target:
    _only_text(spec, field, "scores_field")
    if field.length < len(LONGEST_SCORES):
        raise ExportMisconfigured(
            f"export {spec.name!r}: scores_field {field.name} holds {field.length} characters; "
            f"scores need up to {len(LONGEST_SCORES)}"
        )
    return _target(field, "subject._scores", "scores", is_own=True)


def _topics_target(spec: ExportSpec, field: FieldDescribe) -> Target:
    if field.type != "multipicklist":
        _only_text(spec, field, "affinity_field")
    return _target(field, _topics(field), "topics", is_own=True)


def _only_text(spec: ExportSpec, field: FieldDescribe, role: str) -> None:
    if field.type not in TEXT_TYPES:
        raise ExportMisconfigured(f"export {spec.name!r}: {role} {field.name} is a *{field.type}* field, not text")


def _field(spec: ExportSpec, describe: ObjectDescribe, name: str) -> FieldDescribe:
    try:
        return describe.field(name)
    except UnknownField as error:
        raise ExportMisconfigured(f"export {spec.name!r}: {error}") from error


def _target(
    field: FieldDescribe, content_sql: str, source_type: str, *, is_own: bool = False, on_update: bool = True
) -> Target:
    restricted = field.restrictedPicklist and field.type in ("picklist", "multipicklist")
    return Target(
        field=field.name,
        type=field.type,
        source_type=source_type,
        content_sql=content_sql,
        nillable=field.nillable,
        is_own=is_own,
        on_create=True,
        on_update=on_update,
        is_needed=is_needed(field),
        max_length=field.length if field.type in LENGTH_TYPES else 0,
        limit_below=10.0 ** (field.precision - field.scale) if field.type in NUMBER_TYPES and field.precision else 0.0,
        scale=field.scale,
        allowed=tuple(each.value for each in field.picklistValues if each.active) if restricted else (),
    )


def _plain_type(data_type: str) -> str:
    """The mapping's own name of a DuckDB type, for messages to people."""
    names = {"VARCHAR": "string", "DOUBLE": "number", "BIGINT": "int", "BOOLEAN": "bool", "TIMESTAMP": "date"}
    if data_type.endswith("[]"):
        return f"[]{_plain_type(data_type.removesuffix('[]'))}"
    return "map" if data_type.startswith("MAP(") else names.get(data_type, data_type.lower())
