"""What hangs on a record by an address of its own.

GET /sobjects/Contact/003…/Account, a parent; /sobjects/Account/001…/Contacts, children; /sobjects/Attachment/00P…/Body,
the content of a binary field.
"""
# ruff: noqa: S608 (names come from the schema; the one value in a text is an Id that was looked up)

from base64 import b64decode
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from sf_elt.demo_org.errors import not_found
from sf_elt.demo_org.ids import normalise
from sf_elt.demo_org.org import org_of
from sf_elt.demo_org.requests import schema_of, version_of
from sf_elt.demo_org.rest import records
from sf_elt.demo_org.rest.query import Queries
from sf_elt.demo_org.rest.read import named_fields, read_records
from sf_elt.demo_org.rest.requests import fields_wanted, object_of
from sf_elt.demo_org.schema import Children, Field, ObjectType
from sf_elt.demo_org.store import quote, table
from sf_elt.demo_org.tables import living


class Related:
    """Follows relationships; the pages of many children are kept as those of a query are."""

    def __init__(self, queries: Queries) -> None:
        self._queries = queries

    def read(self, request: Request) -> Response:
        """What stands behind `/sobjects/Lead/<Id>/<relationship>`, or `/sobjects/Lead/<external id field>/<value>`."""
        object_type, record_id = object_of(request), normalise(request.path_params["key"])
        if record_id is None or not record_id.startswith(object_type.key_prefix):
            return records.read_by_key(request)
        relationship = request.path_params["value"]
        blob = object_type.field(relationship)
        if blob is not None and blob.type == "base64":
            return _content(request, object_type, record_id, blob)
        reference = object_type.reference(relationship)
        if reference is not None:
            return _parent(request, object_type, record_id, reference)
        children = schema_of(request).children_named(object_type.name, relationship)
        if children is None:
            raise not_found()
        return self._children(request, object_type, record_id, children)

    def _children(self, request: Request, parent: ObjectType, record_id: str, children: Children) -> Response:
        """The children as a query gives them. Raises OrgError 404 where there is no such parent."""
        [found] = read_records(org_of(request), schema_of(request), parent, [record_id], ["Id"], version_of(request))
        if found is None:
            raise not_found()
        fields = named_fields(children.object_type, fields_wanted(request))
        soql = (
            f"SELECT {', '.join(fields)} FROM {children.object_type.name} "
            f"WHERE {children.field.name} = '{record_id}' ORDER BY Id"
        )
        return self._queries.query(Request({**request.scope, "query_string": urlencode({"q": soql}).encode()}))


def _content(request: Request, object_type: ObjectType, record_id: str, blob: Field) -> Response:
    """The bytes of a binary field. Raises OrgError 404 where there is no such record, or it holds none."""
    content = _value(request, object_type, record_id, blob)
    if content is None:
        raise not_found()
    request.state.rows = 1
    return Response(b64decode(content), media_type="application/octetstream")


def _parent(request: Request, object_type: ObjectType, record_id: str, reference: Field) -> Response:
    """The record that a reference leads to. Raises OrgError 404 where it leads to none that the user sees."""
    parent_id = _value(request, object_type, record_id, reference)
    parent = schema_of(request).object_of_id(parent_id) if parent_id else None
    if parent is None or parent_id is None:
        raise not_found()
    return records.read_one(request, parent, parent_id)


def _value(request: Request, object_type: ObjectType, record_id: str, field: Field) -> str | None:
    """What a text field of a record holds; None too where the record is missing or deleted."""
    with org_of(request).store.reading() as connection:
        row = connection.execute(
            f'SELECT {quote(field.name)} FROM {table(object_type.name)} WHERE "Id" = ? AND {living(object_type)}',
            [record_id],
        ).fetchone()
    return row[0] if row else None
