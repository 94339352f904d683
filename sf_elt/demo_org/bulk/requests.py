"""What bulk handlers read from a request."""

import threading
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel
from starlette.requests import Request

from sf_elt.demo_org.auth.sessions import Session
from sf_elt.demo_org.errors import OrgError, not_found
from sf_elt.demo_org.versions import api_version


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


def version_of(request: Request) -> str:
    """The API version of the address, such as "62.0". Raises OrgError (404) for an address that names none."""
    version = api_version(request.path_params["version"])
    if version is None:
        raise not_found()
    return version


def check_content_type(request: Request, wanted: str) -> None:
    """Refuses a body that says it is of another type; one that does not say is taken. Raises OrgError (415)."""
    given = request.headers.get("content-type", "")
    if given and given.partition(";")[0].strip().lower() != wanted:
        message = f"Content-Type header specified in HTTP request is not supported: {given}"
        raise OrgError(415, "UNSUPPORTED_MEDIA_TYPE", message)


def user_of(request: Request) -> str:
    """The Id of the user whose session this is."""
    session: Session = request.state.session
    return session.user_id


def hold_of(request: Request) -> threading.Event | None:
    """The event that a planned fault makes the job wait for."""
    held: threading.Event | None = getattr(request.state, "hold_job_until", None)
    return held
