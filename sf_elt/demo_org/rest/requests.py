"""What REST handlers read from a request, and how they reply."""

from collections.abc import Mapping

import orjson
from starlette.requests import Request
from starlette.responses import Response

from sf_elt.demo_org.errors import OrgError, not_found
from sf_elt.demo_org.requests import check_content_type, schema_of
from sf_elt.demo_org.saving import SaveOutcome
from sf_elt.demo_org.saving.cells import cell
from sf_elt.demo_org.saving.outcome import Refused
from sf_elt.demo_org.schema import ObjectType

Record = Mapping[str, object]

_TYPED = ("boolean", "int", "double", "currency", "percent", "date", "datetime")


def reply(content: object, status: int = 200) -> Response:
    """A JSON reply."""
    return Response(orjson.dumps(content), status, media_type="application/json;charset=UTF-8")


async def json_of(request: Request) -> dict[str, object]:
    """The JSON object in the body. Raises OrgError JSON_PARSER_ERROR where there is none."""
    check_content_type(request, "application/json")
    try:
        found = orjson.loads(await request.body())
    except orjson.JSONDecodeError as error:
        raise OrgError(400, "JSON_PARSER_ERROR", str(error)) from error
    if not isinstance(found, dict):
        raise OrgError(400, "JSON_PARSER_ERROR", "The HTTP entity body is required to be a JSON object")
    return found


def object_of(request: Request) -> ObjectType:
    """The object that the address names. Raises OrgError 404 where there is none."""
    found = schema_of(request).object(request.path_params["object_name"])
    if found is None:
        raise not_found()
    return found


def check_values(object_type: ObjectType, records: list[Record]) -> None:
    """Refuses the whole request for one value that its field cannot read, as Salesforce's JSON parser does."""
    for record in records:
        for name, value in record.items():
            field = object_type.field(name)
            if field is None:
                continue
            if isinstance(value, dict | list):
                raise _unreadable(field.type, "START_OBJECT" if isinstance(value, dict) else "START_ARRAY", "")
            if field.type in _TYPED:
                try:
                    cell(field, value)
                except Refused as refused:
                    if refused.errors[0].status_code == "INVALID_TYPE_ON_FIELD_IN_RECORD":
                        kind = "VALUE_STRING" if isinstance(value, str) else "VALUE"
                        raise _unreadable(field.type, kind, f" value {value}") from refused


def errors_of(outcome: SaveOutcome) -> list[dict[str, object]]:
    """The errors of one record, as Collections sends them."""
    return [
        {"statusCode": each.status_code, "message": each.message, "fields": list(each.fields)}
        for each in outcome.errors
    ]


def _unreadable(kind: str, token: str, value: str) -> OrgError:
    message = (
        f"Cannot deserialize instance of {kind} from {token}{value} or request may be missing a required field "
        "at [line:1, column:1]"
    )
    return OrgError(400, "JSON_PARSER_ERROR", message)
