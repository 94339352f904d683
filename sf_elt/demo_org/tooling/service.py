"""The addresses about the Tooling API itself, and those of what it does with Apex, which the org has none of."""

from starlette.requests import Request
from starlette.responses import Response

from sf_elt.demo_org.auth.api_session import api_session
from sf_elt.demo_org.auth.oauth import bearer_token
from sf_elt.demo_org.describe import describe_global, describe_object, object_summary
from sf_elt.demo_org.errors import OrgError, no_apex, not_found
from sf_elt.demo_org.metadata.catalog import TOOLING
from sf_elt.demo_org.org import org_of
from sf_elt.demo_org.requests import version_of
from sf_elt.demo_org.rest.requests import reply
from sf_elt.demo_org.schema import ObjectType


def resources(request: Request) -> Response:
    """GET /tooling."""
    tooling = f"/services/data/{request.path_params['version']}/tooling"
    return reply({"sobjects": f"{tooling}/sobjects", "query": f"{tooling}/query"})


def all_objects(request: Request) -> Response:
    """GET /tooling/sobjects."""
    return reply(describe_global(TOOLING, _tooling_version(request)))


def summary(request: Request) -> Response:
    """GET /tooling/sobjects/CustomField."""
    return reply({"objectDescribe": object_summary(_named(request), _tooling_version(request)), "recentItems": []})


def one_object(request: Request) -> Response:
    """GET /tooling/sobjects/CustomField/describe."""
    return reply(describe_object(TOOLING, _named(request), _tooling_version(request)))


def apex(request: Request) -> Response:
    """What there is none of."""
    raise no_apex()


def apex_rest(request: Request) -> Response:
    """/services/apexrest: no class answers there. Not below /services/data, so the session is looked at here."""
    api_session(org_of(request), bearer_token(request.headers.get("authorization", "")) or "")
    raise OrgError(404, "NOT_FOUND", "Could not find a match for URL")


def _tooling_version(request: Request) -> str:
    """What stands between /services/data/v and /sobjects in the addresses of Tooling objects."""
    return f"{version_of(request)}/tooling"


def _named(request: Request) -> ObjectType:
    found = TOOLING.object(request.path_params["object_name"])
    if found is None:
        raise not_found()
    return found
