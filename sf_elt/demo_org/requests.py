"""What every handler reads from a request: the version it speaks, who asks, and what of the org that user sees."""

from starlette.requests import Request

from sf_elt.demo_org.auth.sessions import Session
from sf_elt.demo_org.errors import OrgError, not_found
from sf_elt.demo_org.org import org_of
from sf_elt.demo_org.schema import Schema
from sf_elt.demo_org.versions import api_version


def version_of(request: Request) -> str:
    """The API version of the address, such as "62.0". Raises OrgError (404) for an address that names none."""
    version = api_version(request.path_params["version"])
    if version is None:
        raise not_found()
    return version


def user_of(request: Request) -> str:
    """The Id of the user whose session this is."""
    session: Session = request.state.session
    return session.user_id


def schema_of(request: Request) -> Schema:
    """The objects and fields that the user of this request sees, with what that user may do with each."""
    return org_of(request).schema_for(user_of(request))


def check_content_type(request: Request, wanted: str) -> None:
    """Refuses a body that says it is of another type; one that does not say is taken. Raises OrgError (415)."""
    given = request.headers.get("content-type", "")
    if given and given.partition(";")[0].strip().lower() != wanted:
        message = f"Content-Type header specified in HTTP request is not supported: {given}"
        raise OrgError(415, "UNSUPPORTED_MEDIA_TYPE", message)
