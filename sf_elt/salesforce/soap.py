"""Calls of the SOAP APIs, for the little that no other API does: records undeleted, page layouts changed."""

from dataclasses import dataclass
from xml.etree.ElementTree import Element, ParseError
from xml.sax.saxutils import escape

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring
from requests import Response

from sf_elt.salesforce.connection.connect import Org
from sf_elt.salesforce.connection.transport import ORG_PAUSE
from sf_elt.salesforce.errors import OrgUnavailable, SalesforceError, error_inside
from sf_elt.salesforce.save_codes import NO_REASON
from sf_elt.salesforce.write import SaveResult

_SOAP = "{http://schemas.xmlsoap.org/soap/envelope/}"
_ENVELOPE = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns="{namespace}" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
    "<s:Header><SessionHeader><sessionId>{session}</sessionId></SessionHeader>{headers}</s:Header>"
    "<s:Body><{operation}>{body}</{operation}></s:Body></s:Envelope>"
)
_EXPIRED = "INVALID_SESSION_ID"
# Faults after which it is not known whether the call was carried out; all others refuse it.
_STATUS = {_EXPIRED: 401, "UNKNOWN_EXCEPTION": 500, "SERVER_UNAVAILABLE": 503}


@dataclass(frozen=True)
class SoapApi:
    """One of them: the letter of its address, and the namespace of its elements."""

    letter: str
    namespace: str

    def tag(self, name: str) -> str:
        """An element's name as ElementTree has it."""
        return f"{{{self.namespace}}}{name}"


PARTNER = SoapApi("u", "urn:partner.soap.sforce.com")
METADATA = SoapApi("m", "http://soap.sforce.com/2006/04/metadata")


def call(org: Org, api: SoapApi, operation: str, body: str, *, headers: str = "") -> list[Element]:
    """The results of one operation. `body` and `headers` are XML whose elements have the API's namespace as default.

    An ended session is renewed once. Raises the error that a fault means; what may have been carried out is not
    repeated, but for what only reads (`connection.transport`).
    """
    token = str(org.transport.token)
    response = _sent(org, api, operation, token, body, headers)
    if _fault_code(response, operation) == _EXPIRED and org.transport.renew is not None:
        org.transport.renew(token)
        response = _sent(org, api, operation, str(org.transport.token), body, headers)
    code = _fault_code(response, operation)
    if code is not None:
        raise _fault(org, operation, code, response)
    return _read(response, operation).findall(f".//{api.tag('result')}")


def save_result(api: SoapApi, saved: str, result: Element) -> SaveResult:
    """What became of one record or component, as a SaveResult of the API says; `saved` is its Id or name."""
    if result.findtext(api.tag("success")) == "true":
        return SaveResult(saved, success=True)
    error = result.find(api.tag("errors"))
    if error is None:
        return SaveResult(saved, success=False, code=NO_REASON, message="the org gave no reason")
    return SaveResult(
        saved,
        success=False,
        code=error.findtext(api.tag("statusCode")) or NO_REASON,
        message=error.findtext(api.tag("message")),
        fields=tuple(field.text or "" for field in error.findall(api.tag("fields"))),
    )


def _sent(org: Org, api: SoapApi, operation: str, token: str, body: str, headers: str) -> Response:
    envelope = _ENVELOPE.format(
        namespace=api.namespace, session=escape(token), headers=headers, operation=operation, body=body
    )
    return org.session.post(
        org.url(f"/services/Soap/{api.letter}/{org.api_version}"),
        data=envelope.encode(),
        headers={"Content-Type": "text/xml; charset=UTF-8", "SOAPAction": operation},
    )


def _fault_code(response: Response, operation: str) -> str | None:
    """The code of a fault, such as INVALID_SESSION_ID; None for a result."""
    fault = _read(response, operation).find(f".//{_SOAP}Fault")
    return None if fault is None else (fault.findtext("faultcode") or NO_REASON).rpartition(":")[2]


def _fault(org: Org, operation: str, code: str, response: Response) -> SalesforceError:
    words = _read(response, operation).findtext(".//faultstring") or ""
    said = {"errorCode": code, "message": words.removeprefix(f"{code}: ")}
    next_try = org.transport.clock() + ORG_PAUSE
    return error_inside(f"{operation} by SOAP", _STATUS.get(code, 400), said, next_try=next_try)


def _read(response: Response, operation: str) -> Element:
    try:
        read: Element = fromstring(response.content)
    except (ParseError, DefusedXmlException) as error:
        raise OrgUnavailable(
            f"the org answered {operation} by SOAP with what is no XML, or breaks off", status=response.status_code
        ) from error
    return read
