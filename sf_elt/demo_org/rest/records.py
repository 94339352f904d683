"""Single records: /sobjects/Lead, /sobjects/Lead/00Q…, /sobjects/Lead/External_Id__c/value."""

from collections.abc import Sequence

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from sf_elt.demo_org.errors import OrgError, not_found
from sf_elt.demo_org.ids import normalise
from sf_elt.demo_org.org import org_of
from sf_elt.demo_org.requests import schema_of, user_of, version_of
from sf_elt.demo_org.rest.conditions import RecordState, is_conditional, state_of
from sf_elt.demo_org.rest.read import read_records
from sf_elt.demo_org.rest.refusals import record_refused
from sf_elt.demo_org.rest.requests import Record, fields_wanted, object_of, options_of, record_of, reply
from sf_elt.demo_org.saving import Operation, SaveOutcome, save
from sf_elt.demo_org.saving.lookup import ids_by_key
from sf_elt.demo_org.schema import Field, ObjectType

_NOT_THERE = ("INVALID_CROSS_REFERENCE_KEY", "NOT_FOUND")
SAYS_UPDATED = 46
"""The API version from which an upsert of a record that was there answers with a body."""


async def create(request: Request) -> Response:
    """POST /sobjects/Lead → 201 with the new Id."""
    outcome = await run_in_threadpool(_save, request, "insert", await record_of(request))
    return _created(request, outcome, {"id": outcome.id, "success": True, "errors": []})


async def create_by_id(request: Request) -> Response:
    """POST /sobjects/Lead/Id: an upsert by Id that has none to look for."""
    if request.path_params["record_id"].lower() != "id":
        raise HTTPException(405)
    outcome = await run_in_threadpool(_save, request, "upsert", await record_of(request), "Id")
    return _created(request, outcome, {"id": outcome.id, "success": True, "errors": [], "created": outcome.created})


def read(request: Request) -> Response:
    """GET /sobjects/Lead/00Q…: all fields, or those that `fields=` names; 304 where nothing has changed."""
    object_type, record_id = object_of(request), _id_in(request)
    state = state_of(org_of(request).store, object_type, record_id)
    if state is not None and state.unchanged(request):
        return Response(status_code=304, headers=state.headers())
    return read_one(request, object_type, record_id, state)


def read_one(request: Request, object_type: ObjectType, record_id: str, state: RecordState | None = None) -> Response:
    """The fields that `fields=` names, or all, of a record by its Id. Raises OrgError 404 where there is none."""
    fields = fields_wanted(request)
    [record] = read_records(org_of(request), schema_of(request), object_type, [record_id], fields, version_of(request))
    if record is None:
        raise not_found()
    request.state.rows = 1
    found = reply(orjson.Fragment(record))
    if state is not None:
        found.headers.update(state.headers())
    return found


async def update(request: Request) -> Response:
    """PATCH /sobjects/Lead/00Q… → 204; 412 where the record is no longer as the caller knows it."""
    body, record_id = await record_of(request), _id_in(request)
    _refuse_in_body(object_of(request), body, "Id")
    await run_in_threadpool(_change, request, "update", {**body, "Id": record_id})
    return Response(status_code=204)


async def delete(request: Request) -> Response:
    """DELETE /sobjects/Lead/00Q… → 204; 412 as in an update."""
    await run_in_threadpool(_change, request, "delete", {"Id": _id_in(request)})
    return Response(status_code=204)


def _change(request: Request, operation: Operation, record: Record) -> None:
    """Saves a record if it is as the caller's headers say, in one transaction."""
    store = org_of(request).store
    if not is_conditional(request):
        _save(request, operation, record)
        return
    with store.transaction():
        state = state_of(store, object_of(request), str(record["Id"]))
        if state is not None:
            state.check(request)
        _save(request, operation, record)


def read_by_key(request: Request) -> Response:
    """GET /sobjects/Lead/External_Id__c/value."""
    found = _found_by_key(request)
    return found if isinstance(found, Response) else read_one(request, object_of(request), found)


async def upsert(request: Request) -> Response:
    """PATCH /sobjects/Lead/External_Id__c/value → 201 for a new record, 200 for one that was there, 300 for several.

    With `updateOnly=true` 404 instead of a new record. Before version 46, 204 for one that was there.
    """
    object_type, body = object_of(request), await record_of(request)
    key = _key(object_type, request.path_params["key"])
    _refuse_in_body(object_type, body, key.name)
    value = request.path_params["value"]
    if key.type != "id":
        ids = await run_in_threadpool(ids_by_key, org_of(request).store, object_type, key, value)
        if len(ids) > 1:
            return _several(request, object_type, ids)
    outcome = await run_in_threadpool(_save, request, "upsert", {**body, key.name: value}, key.name)
    content: dict[str, object] = {"id": outcome.id, "success": True, "errors": [], "created": outcome.created}
    if outcome.created:
        return _created(request, outcome, content)
    return Response(status_code=204) if float(version_of(request)) < SAYS_UPDATED else reply(content)


async def delete_by_key(request: Request) -> Response:
    """DELETE /sobjects/Lead/External_Id__c/value → 204."""
    found = await run_in_threadpool(_found_by_key, request)
    if isinstance(found, Response):
        return found
    await run_in_threadpool(_save, request, "delete", {"Id": found})
    return Response(status_code=204)


def _save(request: Request, operation: Operation, record: Record, key: str | None = None) -> SaveOutcome:
    """Saves one record. Raises OrgError with the record's own error where it is refused."""
    [outcome] = save(
        org_of(request).store,
        user_of(request),
        object_of(request).name,
        operation,
        [record],
        external_id_field=key,
        schema=schema_of(request),
        options=options_of(request),
    )
    request.state.rows = 1
    if outcome.success:
        return outcome
    first = outcome.errors[0]
    if first.status_code == "ENTITY_IS_DELETED" and not first.fields:
        raise OrgError(404, first.status_code, first.message, [])
    if first.status_code in _NOT_THERE and not first.fields:
        raise not_found()
    raise record_refused(request, first)


def _created(request: Request, outcome: SaveOutcome, content: dict[str, object]) -> Response:
    """201 with the address of the new record."""
    created = reply(content, 201)
    created.headers["Location"] = (
        f"/services/data/v{version_of(request)}/sobjects/{object_of(request).name}/{outcome.id}"
    )
    return created


def _id_in(request: Request) -> str:
    """The record Id in the address. Raises OrgError 404 for what is none."""
    given = request.path_params["record_id"]
    record_id = normalise(given)
    if record_id is None:
        raise OrgError(404, "NOT_FOUND", f"Provided external ID field does not exist or is not accessible: {given}")
    return record_id


def _found_by_key(request: Request) -> str | Response:
    """The Id of the record that an external id means, or the 300 that lists several."""
    object_type = object_of(request)
    key = _key(object_type, request.path_params["key"])
    ids = ids_by_key(org_of(request).store, object_type, key, request.path_params["value"])
    if not ids:
        raise not_found()
    return ids[0] if len(ids) == 1 else _several(request, object_type, ids)


def _several(request: Request, object_type: ObjectType, ids: Sequence[str]) -> Response:
    """300 with the addresses of the records that an external id means."""
    address = f"/services/data/v{version_of(request)}/sobjects/{object_type.name}"
    return reply([f"{address}/{record_id}" for record_id in ids], 300)


def _refuse_in_body(object_type: ObjectType, body: Record, key: str) -> None:
    """What the address says, the body must not say again."""
    if any((found := object_type.field(name)) and found.name == key for name in body):
        raise OrgError(400, "INVALID_FIELD", f"The {key} field should not be specified in the sobject data.", [key])


def _key(object_type: ObjectType, name: str) -> Field:
    found = object_type.field(name)
    if found is None or not (found.external_id or found.id_lookup):
        raise OrgError(404, "NOT_FOUND", f"Provided external ID field does not exist or is not accessible: {name}")
    return found
