"""What bulk handlers read from a request."""

from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel
from starlette.requests import Request

from sf_elt.demo_org.errors import OrgError
from sf_elt.demo_org.requests import check_content_type


class BulkBody(BaseModel):
    """A JSON body; its members are named in camel case on the wire."""

    model_config = ConfigDict(alias_generator=to_camel)


Body = TypeVar("Body", bound=BulkBody)


async def body_of(request: Request, shape: type[Body]) -> Body:
    """The JSON body. Raises OrgError, see `read_body`."""
    check_content_type(request, "application/json")
    return read_body(await request.body(), shape)


def read_body(text: bytes | str, shape: type[Body]) -> Body:
    """Raises OrgError: JSON_PARSER_ERROR for no JSON, API_ERROR for a value that is none of the possible ones
    (recorded: `Invalid value: '' supplied for property: 'operation'`), INVALIDJOB for what else does not belong there.
    """
    try:
        return shape.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        if first["type"] == "json_invalid":
            raise OrgError(400, "JSON_PARSER_ERROR", str(first["msg"])) from error
        where = ".".join(str(part) for part in first["loc"])
        if first["type"] == "literal_error":
            message = f"Invalid value: '{first['input']}' supplied for property: '{where}'"
            raise OrgError(400, "API_ERROR", message) from error
        raise OrgError(400, "INVALIDJOB", f"InvalidJob : {where}: {first['msg']}") from error
