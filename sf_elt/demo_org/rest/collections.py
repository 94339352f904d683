"""sObject Collections: up to 200 records a call, outcomes in the order of the request."""

from collections.abc import Sequence
from itertools import groupby

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from sf_elt.demo_org.errors import OrgError, malformed_id
from sf_elt.demo_org.ids import normalise
from sf_elt.demo_org.org import org_of
from sf_elt.demo_org.requests import schema_of, user_of, version_of
from sf_elt.demo_org.rest.read import read_records
from sf_elt.demo_org.rest.refusals import errors_of
from sf_elt.demo_org.rest.requests import Record, json_of, object_of, options_of, reply
from sf_elt.demo_org.saving import Operation, SaveOutcome, save_by_id, save_mixed
from sf_elt.demo_org.schema import Schema

MOST_RECORDS = 200
MOST_READ = 2_000
MOST_CHUNKS = 10
"""How often the records of one call may go from one object to another."""


async def create(request: Request) -> Response:
    """POST /composite/sobjects."""
    return await _save(request, "insert", await json_of(request))


async def update(request: Request) -> Response:
    """PATCH /composite/sobjects."""
    return await _save(request, "update", await json_of(request))


async def upsert(request: Request) -> Response:
    """PATCH /composite/sobjects/Lead/External_Id__c: its outcomes say what was created."""
    object_type, key = object_of(request), request.path_params["key"]
    body = await json_of(request)
    records = _records(body, schema_of(request))
    if any(name != object_type.name for name, _ in records):
        raise OrgError(400, "INVALID_TYPE", f"All records of the request must be of type {object_type.name}")
    return await _save(request, "upsert", body, key)


async def delete(request: Request) -> Response:
    """DELETE /composite/sobjects?ids=…,…&allOrNone=false."""
    given = [each.strip() for each in request.query_params.get("ids", "").split(",") if each.strip()]
    if not given:
        raise OrgError(400, "MISSING_ARGUMENT", "The ids parameter is required")
    _check_count(given)
    outcomes = await run_in_threadpool(
        save_by_id,
        org_of(request).store,
        user_of(request),
        "delete",
        given,
        all_or_none=request.query_params.get("allOrNone", "false").lower() == "true",
        schema=schema_of(request),
    )
    request.state.rows = len(outcomes)
    return reply([_outcome(request, each, created=False) for each in outcomes])


def retrieve(request: Request) -> Response:
    """GET /composite/sobjects/Lead?ids=…&fields=…: null where a record is missing."""
    ids = request.query_params.get("ids", "").split(",")
    fields = request.query_params.get("fields", "").split(",")
    return _retrieve(request, ids, fields)


async def retrieve_many(request: Request) -> Response:
    """POST /composite/sobjects/Lead with `ids` and `fields`, for more than an address holds."""
    body = await json_of(request)
    ids, fields = body.get("ids"), body.get("fields")
    if not isinstance(ids, list) or not isinstance(fields, list):
        raise OrgError(400, "MISSING_ARGUMENT", "ids and fields are required, each a list")
    return await run_in_threadpool(_retrieve, request, [str(each) for each in ids], [str(each) for each in fields])


def _retrieve(request: Request, ids: Sequence[str], fields: Sequence[str]) -> Response:
    names = [each.strip() for each in fields if each.strip()]
    if not names:
        raise OrgError(400, "MISSING_ARGUMENT", "The fields parameter is required")
    if len(ids) > MOST_READ:
        raise OrgError(400, "EXCEEDED_ID_LIMIT", f"record limit reached. cannot retrieve more than {MOST_READ} records")
    wanted = []
    for each in ids:
        record_id = normalise(each.strip())
        if record_id is None:
            raise malformed_id(each)
        wanted.append(record_id)
    records = read_records(org_of(request), schema_of(request), object_of(request), wanted, names, version_of(request))
    request.state.rows = len(records)
    return reply([None if text is None else orjson.Fragment(text) for text in records])


async def _save(request: Request, operation: Operation, body: dict[str, object], key: str | None = None) -> Response:
    org = org_of(request)
    schema = schema_of(request)
    outcomes = await run_in_threadpool(
        save_mixed,
        org.store,
        user_of(request),
        operation,
        _records(body, schema),
        external_id_field=key,
        schema=schema,
        all_or_none=body.get("allOrNone") is True,
        options=options_of(request),
    )
    request.state.rows = len(outcomes)
    return reply([_outcome(request, each, created=operation == "upsert") for each in outcomes])


def _records(body: dict[str, object], schema: Schema) -> list[tuple[str, Record]]:
    """The records of the body, each with the name of its object."""
    records = body.get("records")
    if not isinstance(records, list):
        raise OrgError(400, "JSON_PARSER_ERROR", "The request needs a list of records")
    _check_count(records)
    typed = []
    for record in records:
        attributes = record.get("attributes") if isinstance(record, dict) else None
        name = attributes.get("type") if isinstance(attributes, dict) else None
        if not isinstance(name, str):
            raise OrgError(400, "INVALID_TYPE", "The Object type is not specified or not supported: attributes.type")
        object_type = schema.object(name)
        if object_type is None:
            raise OrgError(400, "INVALID_TYPE", f"sObject type '{name}' is not supported.")
        typed.append((object_type.name, record))
    if len(list(groupby(name for name, _ in typed))) > MOST_CHUNKS:
        message = (
            f"Cannot have more than {MOST_CHUNKS} chunks in a single operation. "
            "Please rearrange the data to reduce chunking."
        )
        raise OrgError(400, "INVALID_OPERATION", message)
    return typed


def _check_count(records: Sequence[object]) -> None:
    if len(records) > MOST_RECORDS:
        message = f"record limit reached. cannot submit more than {MOST_RECORDS} records into this call"
        raise OrgError(400, "EXCEEDED_ID_LIMIT", message)


def _outcome(request: Request, outcome: SaveOutcome, *, created: bool) -> dict[str, object]:
    """One outcome as it is sent: a failed record has no Id."""
    if not outcome.success:
        return {"success": False, "errors": errors_of(request, outcome)}
    content: dict[str, object] = {"id": outcome.id, "success": True, "errors": []}
    return {**content, "created": outcome.created} if created else content
