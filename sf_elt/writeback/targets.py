"""The spec held against the org's describe and the profiles' columns: which field gets which value."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import duckdb

from sf_elt.insight import SCORES
from sf_elt.salesforce import FieldDescribe, ObjectDescribe, UnknownField, did_you_mean
from sf_elt.warehouse import quote
from sf_elt.writeback.errors import ExportMisconfigured, ExportNotReady
from sf_elt.writeback.spec import ExportSpec

LONGEST_SCORES = ", ".join(f"{score} 100" for score in SCORES)
TOP_TOPICS = "top_topics"
"""What `fields` may name besides user fields: the profile's topics of most interest, as insight.interests has them."""

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
    """The value as text, over `profile` (profiles.profiles), `held` (names of audiences), `score` and `interest`."""
    nillable: bool
    is_own: bool
    """The field is there for this export's audiences or scores: an empty value clears it always."""
    max_length: int
    limit_below: float
    """Numbers must be smaller than this; 0 for no limit."""
    scale: int
    allowed: tuple[str, ...]
    """Values of a restricted picklist; empty where anything goes."""


def find_targets(spec: ExportSpec, describe: ObjectDescribe, columns: Mapping[str, str]) -> tuple[Target, ...]:
    """The fields that `spec` writes. `columns` gives the user fields of the profiles and their DuckDB types.

    Raises ExportMisconfigured, with the nearest name that exists, for a field that is unknown, cannot be updated or
    cannot hold what it would get.
    """
    targets = list(_user_field_targets(spec, describe, columns))
    if spec.audiences_field is not None:
        targets.append(_audiences_target(spec, _writable(spec, describe, spec.audiences_field)))
    if spec.scores_field is not None:
        targets.append(_scores_target(spec, _writable(spec, describe, spec.scores_field)))
    return tuple(targets)


def profile_columns(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """The columns of profiles.profiles and their DuckDB types. Raises ExportNotReady where there are no profiles."""
    rows = connection.execute(
        "SELECT column_name, data_type FROM duckdb_columns() "
        "WHERE schema_name = 'profiles' AND table_name = 'profiles' ORDER BY column_index"
    ).fetchall()
    if not rows:
        raise ExportNotReady("there are no profiles yet: materialize profiles/profiles first")
    return {str(name): str(data_type) for name, data_type in rows}


def user_field(spec: ExportSpec, columns: Mapping[str, str], name: str, *others: str) -> str:
    """The column of that user field. Raises ExportMisconfigured with the nearest name where there is none.

    `others` are names that might have been meant as well.
    """
    if name not in columns:
        hint = did_you_mean(name, [*columns, *others])
        raise ExportMisconfigured(f"export {spec.name!r}: the profiles have no user field {name!r}{hint}")
    return name


def match_column(spec: ExportSpec, columns: Mapping[str, str]) -> str:
    """The quoted column with the Ids of a profile's records. Raises ExportMisconfigured where it cannot hold Ids."""
    name = user_field(spec, columns, spec.match)
    if columns[name] not in ("VARCHAR", "VARCHAR[]"):
        raise ExportMisconfigured(
            f"export {spec.name!r}: match {name!r} holds *{_plain_type(columns[name])}* values, not record Ids"
        )
    return quote(name)


def check_audiences(spec: ExportSpec, known: Sequence[str]) -> None:
    """Raises ExportMisconfigured for an audience that does not exist or whose name would not survive in its field."""
    for audience in spec.audiences:
        if audience not in known:
            hint = did_you_mean(audience, known)
            raise ExportMisconfigured(f"export {spec.name!r}: there is no audience {audience!r}{hint}")


def _user_field_targets(spec: ExportSpec, describe: ObjectDescribe, columns: Mapping[str, str]) -> Iterator[Target]:
    for salesforce_field, name in spec.fields.items():
        field = _writable(spec, describe, salesforce_field)
        if name == TOP_TOPICS and name not in columns:
            yield _target(field, _top_topics(field), "topics", is_own=False)
            continue
        column = quote(user_field(spec, columns, name, TOP_TOPICS))
        data_type = columns[name]
        yield _target(field, _as_text(f"profile.{column}", data_type, field), _plain_type(data_type), is_own=False)


def _as_text(value: str, data_type: str, field: FieldDescribe) -> str:
    """SQL for a user field's value as text: `A, B` for a list and `New: 1; Open: 3` for a map, or `A;B` as choices."""
    choices = field.type == "multipicklist"
    if data_type.endswith("[]"):
        return f"array_to_string(list_sort(list_distinct({value})), '{';' if choices else ', '}')"
    if data_type.startswith("MAP("):
        told = "each.key" if choices else "each.key || ': ' || coalesce(each.value::VARCHAR, '')"
        return f"array_to_string(list_sort([{told} FOR each IN map_entries({value})]), '{';' if choices else '; '}')"
    return f"CAST({value} AS VARCHAR)"


def _top_topics(field: FieldDescribe) -> str:
    return "replace(interest.top_topics, '; ', ';')" if field.type == "multipicklist" else "interest.top_topics"


def _audiences_target(spec: ExportSpec, field: FieldDescribe) -> Target:
    if field.type == "multipicklist":
        return _target(field, "array_to_string(held.audiences, ';')", "audiences", is_own=True)
    _only_text(spec, field, "audiences_field")
    return _target(field, "array_to_string(held.audiences, ', ')", "audiences", is_own=True)


def _scores_target(spec: ExportSpec, field: FieldDescribe) -> Target:
    _only_text(spec, field, "scores_field")
    if field.length < len(LONGEST_SCORES):
        raise ExportMisconfigured(
            f"export {spec.name!r}: scores_field {field.name} holds {field.length} characters; "
            f"scores need up to {len(LONGEST_SCORES)}"
        )
    content = "concat_ws(', ', " + ", ".join(f"'{score} ' || score.{score}" for score in sorted(SCORES)) + ")"
    return _target(field, content, "scores", is_own=True)


def _only_text(spec: ExportSpec, field: FieldDescribe, role: str) -> None:
    if field.type not in TEXT_TYPES:
        raise ExportMisconfigured(f"export {spec.name!r}: {role} {field.name} is a *{field.type}* field, not text")


def _writable(spec: ExportSpec, describe: ObjectDescribe, name: str) -> FieldDescribe:
    try:
        field = describe.field(name)
    except UnknownField as error:
        raise ExportMisconfigured(f"export {spec.name!r}: {error}") from error
    if not field.updateable:
        why = "it is a formula" if field.calculated else "the org or the user's permissions do not allow it"
        raise ExportMisconfigured(f"export {spec.name!r}: {describe.name}.{field.name} cannot be updated: {why}")
    return field


def _target(field: FieldDescribe, content_sql: str, source_type: str, *, is_own: bool) -> Target:
    restricted = field.restrictedPicklist and field.type in ("picklist", "multipicklist")
    return Target(
        field=field.name,
        type=field.type,
        source_type=source_type,
        content_sql=content_sql,
        nillable=field.nillable,
        is_own=is_own,
        max_length=field.length if field.type in LENGTH_TYPES else 0,
        limit_below=10.0 ** (field.precision - field.scale) if field.type in NUMBER_TYPES and field.precision else 0.0,
        scale=field.scale,
        allowed=tuple(each.value for each in field.picklistValues if each.active) if restricted else (),
    )


def _plain_type(data_type: str) -> str:
    """The mapping's own name of a DuckDB type, for messages to people."""
    names = {"VARCHAR": "string", "DOUBLE": "number", "BIGINT": "int", "BOOLEAN": "bool", "TIMESTAMP": "date"}
    return "map" if data_type.startswith("MAP(") else names.get(data_type, data_type.lower())
