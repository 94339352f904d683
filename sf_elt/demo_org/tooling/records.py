"""Components as records: /tooling/sobjects/CustomField and its like, created, read, changed and deleted."""

from collections.abc import Callable
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from sf_elt.demo_org.errors import OrgError, malformed_id, not_found
from sf_elt.demo_org.ids import normalise
from sf_elt.demo_org.metadata.catalog import TOOLING, Catalog
from sf_elt.demo_org.metadata.components import KINDS, Kind
from sf_elt.demo_org.metadata.refusal import MetadataRefused
from sf_elt.demo_org.org import Org, org_of
from sf_elt.demo_org.requests import check_content_type, user_of
from sf_elt.demo_org.rest.requests import reply
from sf_elt.demo_org.schema import ObjectType
from sf_elt.demo_org.soql import compile_query
from sf_elt.demo_org.soql.ast import Comparison, Path, Query, Text
from sf_elt.demo_org.tooling.query import read

_Given = TypeVar("_Given")


class Component(BaseModel):
    """{"FullName": "Lead.Score2__c", "Metadata": {"type": "Number", …}}"""

    model_config = ConfigDict(extra="ignore")

    full_name: str | None = Field(None, alias="FullName")
    metadata: dict[str, object] | None = Field(None, alias="Metadata")


class Components:
    """The handlers of /tooling/sobjects/NAME and /tooling/sobjects/NAME/ID."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    async def create(self, request: Request) -> Response:
        """POST → 201 with the component's Id."""
        org, kind, user_id = org_of(request), _changeable(request), user_of(request)
        body = await _component_in(request)
        full_name, members = _given(body.full_name, "FullName"), body.metadata or {}

        def create() -> str:
            kind.create(org, full_name, members, user_id)
            return next(own_id for name, own_id in kind.ids(org).items() if name.lower() == full_name.lower())

        component_id = await run_in_threadpool(_changing, create)
        return reply({"id": component_id, "success": True, "errors": [], "warnings": [], "infos": []}, 201)

    def read(self, request: Request) -> Response:
        """GET: every field, the whole definition among them."""
        object_type = _object_type(request)
        component_id = _id_in(request) if object_type.name in KINDS else request.path_params["component_id"]
        names = tuple(Path((each.name,)) for each in object_type.fields)
        where = Comparison(Path(("Id",)), "=", Text(component_id, component_id))
        compiled = compile_query(Query("", object_type.name, None, names, where), TOOLING, org_of(request).clock())
        _, records = read(self._catalog, request, compiled)
        if not records:
            raise not_found()
        return reply(records[0])

    async def update(self, request: Request) -> Response:
        """PATCH → 204. The definition is replaced as a whole, as in Salesforce."""
        org, kind, user_id = org_of(request), _changeable(request), user_of(request)
        body = await _component_in(request)
        full_name = _full_name(org, kind, _id_in(request))
        if body.full_name is not None and body.full_name.lower() != full_name.lower():
            raise OrgError(400, "UNKNOWN_EXCEPTION", "Renaming a component is not supported by the demo org", [])
        members = _given(body.metadata, "Metadata")
        await run_in_threadpool(_changing, lambda: kind.update(org, full_name, members, user_id))
        return Response(status_code=204)

    def delete(self, request: Request) -> Response:
        """DELETE → 204."""
        org, kind, user_id = org_of(request), _changeable(request), user_of(request)
        full_name = _full_name(org, kind, _id_in(request))
        _changing(lambda: kind.delete(org, full_name, user_id))
        return Response(status_code=204)


def _changing(change: Callable[[], _Given]) -> _Given:
    """What a change gives. Raises OrgError in the words of REST where it is refused."""
    try:
        return change()
    except MetadataRefused as refused:
        raise OrgError(400, refused.code, refused.message, refused.fields) from refused
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = first["loc"][-1] if first["loc"] else ""
        if first["type"] == "literal_error":
            enum = "FieldType" if place == "type" else place
            message = f"{first['input']} is not a valid value for the enum {enum}"
        else:
            message = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
        raise OrgError(400, "JSON_PARSER_ERROR", message) from error


def _given(value: _Given | None, name: str) -> _Given:
    if not value:
        raise OrgError(400, "REQUIRED_FIELD_MISSING", f"Required fields are missing: [{name}]", [name])
    return value


def _object_type(request: Request) -> ObjectType:
    """The Tooling object that the address names. Raises OrgError (404) where there is none, or none for this user."""
    found = TOOLING.object(request.path_params["object_name"])
    if found is None or not org_of(request).access.may(user_of(request), "ViewSetup"):
        raise not_found()
    return found


def _changeable(request: Request) -> Kind:
    """The kind of component that the address names. Raises OrgError where it, or this user, changes nothing."""
    kind = KINDS.get(_object_type(request).name)
    if kind is None:
        message = f"HTTP Method '{request.method}' not allowed. Allowed are GET,HEAD"
        raise OrgError(405, "METHOD_NOT_ALLOWED", message)
    if not org_of(request).access.may(user_of(request), "CustomizeApplication"):
        raise OrgError(403, "INSUFFICIENT_ACCESS", "insufficient access rights on cross-reference id")
    return kind


def _id_in(request: Request) -> str:
    given = request.path_params["component_id"]
    found = normalise(given)
    if found is None:
        raise malformed_id(given)
    return found


def _full_name(org: Org, kind: Kind, component_id: str) -> str:
    for name, own_id in kind.ids(org).items():
        if own_id == component_id:
            return name
    raise not_found()


async def _component_in(request: Request) -> Component:
    """The JSON body. Raises OrgError JSON_PARSER_ERROR for what is none."""
    check_content_type(request, "application/json")
    try:
        return Component.model_validate_json(await request.body())
    except ValidationError as error:
        raise OrgError(400, "JSON_PARSER_ERROR", str(error.errors(include_url=False)[0]["msg"])) from error
