"""Components as records: /tooling/sobjects/CustomField and CustomObject, created, read, changed and deleted."""

from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from sf_elt.demo_org.errors import OrgError, malformed_id, not_found
from sf_elt.demo_org.ids import normalise
from sf_elt.demo_org.metadata.change import (
    create_field,
    create_object,
    custom_field_of,
    delete_field,
    delete_object,
    update_field,
    update_object,
)
from sf_elt.demo_org.metadata.component_ids import field_id, field_with_id, object_id, object_with_id
from sf_elt.demo_org.metadata.definitions import FieldDefinition, ObjectDefinition
from sf_elt.demo_org.metadata.refusal import MetadataRefused
from sf_elt.demo_org.org import Org, org_of
from sf_elt.demo_org.requests import check_content_type, user_of
from sf_elt.demo_org.rest.requests import reply
from sf_elt.demo_org.schema import ObjectType
from sf_elt.demo_org.soql import compile_query
from sf_elt.demo_org.soql.ast import Comparison, Path, Query, Text
from sf_elt.demo_org.tooling.catalog import TOOLING, Catalog
from sf_elt.demo_org.tooling.query import read


class _Body(BaseModel):
    model_config = ConfigDict(extra="ignore")

    full_name: str | None = Field(None, alias="FullName")


class FieldBody(_Body):
    """{"FullName": "Lead.Score2__c", "Metadata": {"type": "Number", …}}"""

    metadata: FieldDefinition | None = Field(None, alias="Metadata")


class ObjectBody(_Body):
    """{"FullName": "Invoice__c", "Metadata": {"label": "Invoice", …}}"""

    metadata: ObjectDefinition | None = Field(None, alias="Metadata")


Body = TypeVar("Body", bound=_Body)


class Components:
    """The handlers of /tooling/sobjects/NAME and /tooling/sobjects/NAME/ID."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    async def create(self, request: Request) -> Response:
        """POST → 201 with the component's Id."""
        org, name = org_of(request), _changeable(request).name
        if name == "CustomField":
            field_body = await _body_of(request, FieldBody)
            component_id = await run_in_threadpool(_create_field, org, field_body)
        else:
            object_body = await _body_of(request, ObjectBody)
            component_id = await run_in_threadpool(_create_object, org, object_body, user_of(request))
        return reply({"id": component_id, "success": True, "errors": [], "warnings": [], "infos": []}, 201)

    def read(self, request: Request) -> Response:
        """GET: every field, the whole definition among them."""
        object_type = _object_type(request)
        component_id = _id_in(request) if object_type.key_prefix[0] == "0" else request.path_params["component_id"]
        names = tuple(Path((each.name,)) for each in object_type.fields)
        where = Comparison(Path(("Id",)), "=", Text(component_id, component_id))
        compiled = compile_query(Query("", object_type.name, None, names, where), TOOLING, org_of(request).clock())
        _, records = read(self._catalog, request, compiled)
        if not records:
            raise not_found()
        return reply(records[0])

    async def update(self, request: Request) -> Response:
        """PATCH → 204. The definition is replaced as a whole, as in Salesforce."""
        org, component_id = org_of(request), _id_in(request)
        if _changeable(request).name == "CustomField":
            field_body = await _body_of(request, FieldBody)
            await run_in_threadpool(_update_field, org, component_id, field_body)
        else:
            object_body = await _body_of(request, ObjectBody)
            await run_in_threadpool(_update_object, org, component_id, object_body)
        return Response(status_code=204)

    def delete(self, request: Request) -> Response:
        """DELETE → 204."""
        org, component_id = org_of(request), _id_in(request)
        try:
            if _changeable(request).name == "CustomField":
                delete_field(org, _field_name(org, component_id))
            else:
                delete_object(org, _object_name(org, component_id))
        except MetadataRefused as refused:
            raise refused_by_rest(refused) from refused
        return Response(status_code=204)


def refused_by_rest(refused: MetadataRefused) -> OrgError:
    """The refusal as REST words it."""
    return OrgError(400, refused.code, refused.message, refused.fields)


def _create_field(org: Org, body: FieldBody) -> str:
    full_name, definition = _named(body), body.metadata or FieldDefinition()
    try:
        create_field(org, full_name, definition)
    except MetadataRefused as refused:
        raise refused_by_rest(refused) from refused
    return field_id(*custom_field_of(org.schema, full_name))


def _create_object(org: Org, body: ObjectBody, user_id: str) -> str:
    name, definition = _named(body), body.metadata or ObjectDefinition()
    try:
        create_object(org, name, definition, user_id)
    except MetadataRefused as refused:
        raise refused_by_rest(refused) from refused
    return object_id(org.schema.require(name))


def _update_field(org: Org, component_id: str, body: FieldBody) -> None:
    full_name = _field_name(org, component_id)
    _refuse_rename(full_name, body)
    if body.metadata is None:
        raise OrgError(400, "REQUIRED_FIELD_MISSING", "Required fields are missing: [Metadata]", ["Metadata"])
    try:
        update_field(org, full_name, body.metadata)
    except MetadataRefused as refused:
        raise refused_by_rest(refused) from refused


def _update_object(org: Org, component_id: str, body: ObjectBody) -> None:
    name = _object_name(org, component_id)
    _refuse_rename(name, body)
    if body.metadata is None:
        raise OrgError(400, "REQUIRED_FIELD_MISSING", "Required fields are missing: [Metadata]", ["Metadata"])
    try:
        update_object(org, name, body.metadata)
    except MetadataRefused as refused:
        raise refused_by_rest(refused) from refused


def _refuse_rename(full_name: str, body: _Body) -> None:
    if body.full_name is not None and body.full_name.lower() != full_name.lower():
        raise OrgError(400, "UNKNOWN_EXCEPTION", "Renaming a component is not supported by the demo org", [])


def _named(body: _Body) -> str:
    if not body.full_name:
        raise OrgError(400, "REQUIRED_FIELD_MISSING", "Required fields are missing: [FullName]", ["FullName"])
    return body.full_name


def _object_type(request: Request) -> ObjectType:
    """The Tooling object that the address names. Raises OrgError (404) where there is none, or none for this user."""
    found = TOOLING.object(request.path_params["object_name"])
    if found is None or not org_of(request).access.may(user_of(request), "ViewSetup"):
        raise not_found()
    return found


def _changeable(request: Request) -> ObjectType:
    found = _object_type(request)
    if not found.createable:
        message = f"HTTP Method '{request.method}' not allowed. Allowed are GET,HEAD"
        raise OrgError(405, "METHOD_NOT_ALLOWED", message)
    if not org_of(request).access.may(user_of(request), "CustomizeApplication"):
        raise OrgError(403, "INSUFFICIENT_ACCESS", "insufficient access rights on cross-reference id")
    return found


def _id_in(request: Request) -> str:
    given = request.path_params["component_id"]
    found = normalise(given)
    if found is None:
        raise malformed_id(given)
    return found


def _field_name(org: Org, component_id: str) -> str:
    found = field_with_id(org.schema, component_id)
    if found is None:
        raise not_found()
    object_type, field = found
    return f"{object_type.name}.{field.name}"


def _object_name(org: Org, component_id: str) -> str:
    found = object_with_id(org.schema, component_id)
    if found is None:
        raise not_found()
    return found.name


async def _body_of(request: Request, shape: type[Body]) -> Body:
    """The JSON body. Raises OrgError JSON_PARSER_ERROR for what does not belong there."""
    check_content_type(request, "application/json")
    try:
        return shape.model_validate_json(await request.body())
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        if first["type"] == "literal_error":
            enum = "FieldType" if first["loc"][-1] == "type" else first["loc"][-1]
            message = f"{first['input']} is not a valid value for the enum {enum}"
        else:
            message = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
        raise OrgError(400, "JSON_PARSER_ERROR", message) from error
