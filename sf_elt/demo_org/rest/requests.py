"""What REST handlers read from a request, and how they reply."""

from base64 import b64encode
from collections.abc import Mapping
from typing import TypeVar

import orjson
from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from sf_elt.demo_org.errors import OrgError, not_found
from sf_elt.demo_org.multipart import is_multipart, parts_of
from sf_elt.demo_org.requests import check_content_type, schema_of
from sf_elt.demo_org.saving import SaveOptions
from sf_elt.demo_org.schema import ObjectType

Record = Mapping[str, object]

_Body = TypeVar("_Body", bound=BaseModel)


def reply(content: object, status: int = 200) -> Response:
    """A JSON reply."""
    return Response(orjson.dumps(content), status, media_type="application/json;charset=UTF-8")


async def json_of(request: Request) -> dict[str, object]:
    """The JSON object in the body. Raises OrgError JSON_PARSER_ERROR where there is none."""
    check_content_type(request, "application/json")
    return _json_object(await request.body())


def _json_object(text: bytes | str) -> dict[str, object]:
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise OrgError(400, "JSON_PARSER_ERROR", _unreadable(error)) from error
    if not isinstance(found, dict):
        raise OrgError(400, "JSON_PARSER_ERROR", "The HTTP entity body is required to be a JSON object")
    return found


def _unreadable(error: orjson.JSONDecodeError) -> str:
    """Why a body is no JSON, as Salesforce's reader (Jackson) says it; the words for an empty one are recorded."""
    if not error.doc.strip():
        return "The HTTP entity body is required, but this request has no entity body."
    place = f"at [line:{error.lineno}, column:{error.colno}]"
    character = error.doc[error.pos : error.pos + 1]
    if not character:
        return f"Unexpected end-of-input {place}"
    return f"Unexpected character ('{character}' (code {ord(character)})) {place}"


def read_body(model: type[_Body], content: object) -> _Body:
    """The JSON of a body as the model has it. Raises OrgError JSON_PARSER_ERROR where it is not as it should be."""
    try:
        return model.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(each) for each in first["loc"])
        raise OrgError(400, "JSON_PARSER_ERROR", f"{first['msg'].removeprefix('Value error, ')} ({place})") from error


async def record_of(request: Request) -> dict[str, object]:
    """The record in the body: JSON, or a form of a JSON part and the content of a file under its field's name.

    The form is for `Body` of an Attachment and its like (REST API Developer Guide, "Insert or Update Blob Data").
    """
    if not is_multipart(request):
        return await json_of(request)
    parts = await parts_of(request)
    described = [part for part in parts if part.media_type == "application/json"]
    if not described:
        raise OrgError(400, "INVALID_MULTIPART_REQUEST", "Multipart message must include a non-binary part")
    files = {part.name: b64encode(part.content).decode() for part in parts if part not in described}
    return _json_object(described[0].content) | files


def object_of(request: Request) -> ObjectType:
    """The object that the address names. Raises OrgError 404 where there is none."""
    found = schema_of(request).object(request.path_params["object_name"])
    if found is None:
        raise not_found()
    return found


def fields_wanted(request: Request) -> list[str] | None:
    """The names in `fields=`, None without it."""
    given = request.query_params.get("fields")
    return [each.strip() for each in given.split(",")] if given else None


def options_of(request: Request) -> SaveOptions:
    """How the caller wants records saved: its headers, and `updateOnly=true` in the address of an upsert."""
    duplicate_rule = request.headers.get("Sforce-Duplicate-Rule-Header", "")
    return SaveOptions(
        allow_duplicates=_flag(duplicate_rule, "allowSave"),
        duplicate_details=_flag(duplicate_rule, "includeRecordDetails"),
        update_only=request.query_params.get("updateOnly", "").lower() == "true",
        from_json=True,
    )


def _flag(header: str, name: str) -> bool:
    """Whether a header such as `allowSave=true; includeRecordDetails=false` switches the name on."""
    pairs = (each.partition("=") for each in header.replace(",", ";").split(";"))
    return any(key.strip().lower() == name.lower() and value.strip().lower() == "true" for key, _, value in pairs)
