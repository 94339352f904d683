"""One query for each object that a search returns: the records whose fields hold the term."""

from collections.abc import Iterator
from dataclasses import replace

from sf_elt.demo_org.errors import NO_SUCH_TYPE, SoqlError
from sf_elt.demo_org.schema import Field, Schema
from sf_elt.demo_org.soql.ast import AllOf, Query
from sf_elt.demo_org.sosl.parse import MAX_RECORDS, Search, ids_of
from sf_elt.demo_org.sosl.terms import term_condition

_TEXTS = ("string", "textarea", "email", "phone", "url", "combobox")


def queries_of(search: Search, schema: Schema) -> Iterator[Query]:
    """The queries in the order of the search's objects, or of the schema's. Raises OrgError INVALID_TYPE, …"""
    everywhere = (ids_of(each.name) for each in schema.objects if each.searchable)
    for returning in search.returning or everywhere:
        object_type = schema.object(returning.object_name)
        if object_type is None or not object_type.searchable:
            raise SoqlError("INVALID_TYPE", NO_SUCH_TYPE.format(returning.object_name))
        fields = [each.name for each in object_type.fields if _searched(each, search.scope)]
        query = returning.query
        limit = MAX_RECORDS if query.limit is None else min(query.limit, MAX_RECORDS)
        if fields:
            condition = term_condition(search.term, fields)
            if query.where is not None:
                own = query.where.parts if isinstance(query.where, AllOf) else (query.where,)
                condition = AllOf((condition, *own))
            yield replace(query, where=condition, limit=limit)


def _searched(field: Field, scope: str) -> bool:
    """Whether `IN … FIELDS` means the field."""
    is_name = field.name_field or field.compound == "Name"
    match scope:
        case "NAME":
            return is_name and field.type in _TEXTS
        case "EMAIL":
            return field.type == "email"
        case "PHONE":
            return field.type == "phone"
        case "SIDEBAR":
            return (is_name or field.external_id or field.type in ("email", "phone")) and field.type in _TEXTS
    return field.type in _TEXTS
