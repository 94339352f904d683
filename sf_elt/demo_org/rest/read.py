"""Reading records by Id, as JSON texts. Goes through SOQL, so that fields mean the same everywhere."""

from collections.abc import Sequence

import orjson

from sf_elt.demo_org.errors import OrgError
from sf_elt.demo_org.org import Org
from sf_elt.demo_org.schema import ObjectType, Schema
from sf_elt.demo_org.soql import compile_query, json_statement
from sf_elt.demo_org.soql.ast import Membership, Path, Query, Text


def read_records(
    org: Org, schema: Schema, object_type: ObjectType, ids: Sequence[str], fields: Sequence[str] | None, version: str
) -> list[str | None]:
    """The JSON text of each record in the order of `ids` (18 characters); None for one that is missing or deleted.

    `fields` are names in any letter case, None means all. Raises OrgError INVALID_FIELD for an unknown one.
    """
    paths = tuple(Path((name,)) for name in dict.fromkeys(["Id", *named_fields(object_type, fields)]))
    where = Membership(Path(("Id",)), tuple(Text(record_id, record_id) for record_id in ids), negated=False)
    compiled = compile_query(Query("", object_type.name, None, paths, where), schema, org.clock())
    with org.store.reading() as connection:
        rows = connection.execute(json_statement(compiled, version), compiled.parameters).fetchall()
    found = {orjson.loads(text)["Id"]: text for (text,) in rows}
    return [found.get(record_id) for record_id in ids]


def named_fields(object_type: ObjectType, names: Sequence[str] | None) -> list[str]:
    """The fields of those names in any letter case, each once; all without names. Raises OrgError INVALID_FIELD."""
    if names is None:
        return [each.name for each in object_type.fields]
    known = []
    for name in names:
        field = object_type.field(name)
        if field is None:
            raise OrgError(400, "INVALID_FIELD", f"No such column '{name}' on sobject of type {object_type.name}")
        known.append(field.name)
    return list(dict.fromkeys(known))
