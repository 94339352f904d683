"""What bulk handlers read from a request."""

import threading
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel
from starlette.requests import Request

from sf_elt.demo_org.errors import OrgError
from sf_elt.demo_org.faults.inside import inside
from sf_elt.demo_org.requests import check_content_type


class BulkBody(BaseModel):
    """A JSON body; its members are named in camel case on the wire."""

    model_config = ConfigDict(alias_generator=to_camel)


Body = TypeVar("Body", bound=BulkBody)


async def body_of(request: Request, shape: type[Body]) -> Body:
    """The JSON body. Raises OrgError: JSON_PARSER_ERROR for no JSON, INVALIDJOB for what does not belong there."""
    check_content_type(request, "application/json")
    try:
        return shape.model_validate_json(await request.body())
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        if first["type"] == "json_invalid":
            raise OrgError(400, "JSON_PARSER_ERROR", str(first["msg"])) from error
        where = ".".join(str(part) for part in first["loc"])
        raise OrgError(400, "INVALIDJOB", f"InvalidJob : {where}: {first['msg']}") from error


def hold_of(request: Request) -> threading.Event | None:
    """The event that a planned fault makes the job wait for."""
    return inside().hold_job_until
