"""A planned error as the API that was called would write it: JSON for REST, a fault for SOAP, XML for Bulk v1."""

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import Scope

from sf_elt.demo_org.bulk.v1.answers import refusal as bulk_v1_refusal
from sf_elt.demo_org.bulk.v1.answers import speaks_json
from sf_elt.demo_org.errors import OrgError
from sf_elt.demo_org.faults.answers import WITHOUT_BODY
from sf_elt.demo_org.faults.fault import Refusal, Reply
from sf_elt.demo_org.soap.envelope import ENTERPRISE, METADATA, PARTNER, fault_of, fault_reply

_OF_ANY_API = (429, 502, 503, 504)
"""What an overloaded server says whoever asks; for what a client did, the older APIs know one status."""


def reply_of(reply: Reply) -> Response:
    """The planned answer; without a body, an error in JSON where its status has a body at all."""
    if reply.status in WITHOUT_BODY:
        return Response(status_code=reply.status, headers=reply.headers)
    if isinstance(reply.body, str):
        return PlainTextResponse(reply.body, status_code=reply.status, headers=reply.headers)
    body = OrgError(reply.status, "SERVER_UNAVAILABLE", "planned fault").body() if reply.body is None else reply.body
    return JSONResponse(body, status_code=reply.status, headers=reply.headers)


def refusal_of(refusal: Refusal, scope: Scope) -> Response:
    """The planned error in the words of the API at this address."""
    answer = _worded(refusal, scope)
    if refusal.status in _OF_ANY_API:
        answer.status_code = refusal.status
    answer.headers.update(refusal.headers)
    return answer


def _worded(refusal: Refusal, scope: Scope) -> Response:
    path: str = scope["path"]
    error = OrgError(refusal.status, refusal.code, refusal.message)
    if path.startswith("/services/Soap"):
        flavour = path.split("/")[3:4]
        dialect = METADATA if flavour == ["m"] else ENTERPRISE if flavour == ["c"] else PARTNER
        return fault_reply(dialect, fault_of(error))
    if path.startswith("/services/async"):
        return bulk_v1_refusal(error, as_json=speaks_json(Request(scope)))
    if path.startswith("/services/oauth2"):
        return JSONResponse({"error": error.code.lower(), "error_description": error.message}, error.status)
    return JSONResponse(error.body(), error.status)
