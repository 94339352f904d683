"""A planned error as the API that was called would write it: JSON for REST, a fault for SOAP, XML for Bulk v1."""

from xml.sax.saxutils import escape

from starlette.datastructures import Headers
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import Scope

from sf_elt.demo_org.errors import OrgError
from sf_elt.demo_org.faults.fault import Refusal, Reply

_SOAP_FAULT = """<?xml version="1.0" encoding="UTF-8"?>\
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" \
xmlns:sf="urn:fault.partner.soap.sforce.com" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body><soapenv:Fault><faultcode>sf:{code}</faultcode>\
<faultstring>{code}: {message}</faultstring><detail><sf:UnexpectedErrorFault xsi:type="sf:UnexpectedErrorFault">\
<sf:exceptionCode>{code}</sf:exceptionCode><sf:exceptionMessage>{message}</sf:exceptionMessage>\
</sf:UnexpectedErrorFault></detail></soapenv:Fault></soapenv:Body></soapenv:Envelope>"""

_BULK_V1_ERROR = """<?xml version="1.0" encoding="UTF-8"?>\
<error xmlns="http://www.force.com/2009/06/asyncapi/dataload"><exceptionCode>{code}</exceptionCode>\
<exceptionMessage>{message}</exceptionMessage></error>"""


def reply_of(reply: Reply) -> Response:
    """The planned answer; without a body, an error in JSON."""
    if isinstance(reply.body, str):
        return PlainTextResponse(reply.body, status_code=reply.status, headers=reply.headers)
    body = OrgError(reply.status, "SERVER_UNAVAILABLE", "planned fault").body() if reply.body is None else reply.body
    return JSONResponse(body, status_code=reply.status, headers=reply.headers)


def refusal_of(refusal: Refusal, scope: Scope) -> Response:
    """The planned error in the words of the API at this address."""
    path: str = scope["path"]
    if path.startswith("/services/Soap"):
        body = _SOAP_FAULT.format(code=escape(refusal.code), message=escape(refusal.message))
        return Response(body, _status(refusal, 500), refusal.headers, media_type="text/xml;charset=UTF-8")
    if path.startswith("/services/async"):
        return _bulk_v1(refusal, wants_json="json" in Headers(scope=scope).get("content-type", ""))
    if path.startswith("/services/oauth2"):
        content = {"error": refusal.code.lower(), "error_description": refusal.message}
        return JSONResponse(content, refusal.status, refusal.headers)
    error = OrgError(refusal.status, refusal.code, refusal.message)
    return JSONResponse(error.body(), error.status, refusal.headers)


def _bulk_v1(refusal: Refusal, *, wants_json: bool) -> Response:
    """Bulk v1 writes its codes in camel case: InvalidSessionId."""
    code = "".join(word.capitalize() for word in refusal.code.split("_"))
    status = _status(refusal, 400)
    if wants_json:
        return JSONResponse({"exceptionCode": code, "exceptionMessage": refusal.message}, status, refusal.headers)
    body = _BULK_V1_ERROR.format(code=escape(code), message=escape(refusal.message))
    return Response(body, status, refusal.headers, media_type="application/xml;charset=UTF-8")


def _status(refusal: Refusal, usual: int) -> int:
    """Those older APIs know one status for all that a client did; an overloaded server says so as everywhere."""
    return refusal.status if refusal.status == 429 or refusal.status > 500 else usual
