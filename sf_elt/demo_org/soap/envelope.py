"""SOAP 1.1 envelopes as Salesforce reads and writes them.

    call = await read_call(request)                     # raises SoapFault for what is no call
    call.operation, call.session_id, call.header("QueryOptions")
    texts(call.body, "ids")                             # the texts of <ids>…</ids><ids>…</ids>

    reply(PARTNER, "delete", [{"id": "00Q…", "success": True}])
    raise SoapFault("INVALID_SESSION_ID", "…")          # `fault_reply` makes the reply of it

Names are compared without their namespaces: clients differ in the prefixes and namespaces that they write.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring
from starlette.requests import Request
from starlette.responses import Response

from sf_elt.demo_org.errors import OrgError
from sf_elt.demo_org.soap.xml import XmlValue, element

CLIENT = "soapenv:Client"
"""The fault code of a request that is no call at all."""

_MEDIA_TYPE = "text/xml;charset=UTF-8"
_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"


@dataclass(frozen=True)
class Dialect:
    """What differs between the SOAP APIs: the namespaces of replies (prefix → URI, "" is the default) and of faults."""

    namespaces: Mapping[str, str]
    faults: str


PARTNER = Dialect(
    {"": "urn:partner.soap.sforce.com", "sf": "urn:sobject.partner.soap.sforce.com"},
    "urn:fault.partner.soap.sforce.com",
)
ENTERPRISE = Dialect(
    {"": "urn:enterprise.soap.sforce.com", "sf": "urn:sobject.enterprise.soap.sforce.com"},
    "urn:fault.enterprise.soap.sforce.com",
)
APEX = Dialect({"": "http://soap.sforce.com/2006/08/apex"}, "http://soap.sforce.com/2006/08/apex")
METADATA = Dialect({"": "http://soap.sforce.com/2006/04/metadata"}, "http://soap.sforce.com/2006/04/metadata")


class SoapFault(Exception):
    """A call that is refused. `kind` is the type of its detail, such as InvalidIdFault; None leaves the detail out."""

    def __init__(self, code: str, message: str, kind: str | None = "UnexpectedErrorFault") -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.kind = kind


@dataclass(frozen=True)
class Call:
    """One call: its operation, its arguments (the children of `body`) and the elements of the SOAP header by name."""

    operation: str
    body: Element
    headers: Mapping[str, Element]

    @property
    def name(self) -> str:
        """The operation with its namespace, such as {urn:partner.soap.sforce.com}query."""
        return self.body.tag

    @property
    def session_id(self) -> str:
        """What the SessionHeader holds; empty where there is none."""
        return self.header("SessionHeader", "sessionId") or ""

    def header(self, name: str, member: str) -> str | None:
        """The text of one member of a header, such as `header("QueryOptions", "batchSize")`."""
        found = self.headers.get(name)
        return None if found is None else child_text(found, member)


async def read_call(request: Request) -> Call:
    """The call in a request's body. Raises SoapFault for what is none."""
    text = await request.body()
    try:
        envelope: Element = fromstring(text)
    except (ParseError, DefusedXmlException, LookupError, ValueError) as error:  # the latter two: unknown encodings
        raise SoapFault(CLIENT, f"The request is not readable XML: {error}", None) from error
    body = child(envelope, "Body")
    if local_name(envelope) != "Envelope" or body is None or len(body) == 0:
        raise SoapFault(CLIENT, "The request is no SOAP envelope with a call in its body", None)
    header = child(envelope, "Header")
    headers = {} if header is None else {local_name(each): each for each in header}
    return Call(local_name(body[0]), body[0], headers)


def local_name(found: Element) -> str:
    return found.tag.rpartition("}")[2]


def children(parent: Element, name: str) -> list[Element]:
    return [each for each in parent if local_name(each) == name]


def child(parent: Element, name: str) -> Element | None:
    return next((each for each in parent if local_name(each) == name), None)


def is_nil(found: Element) -> bool:
    return found.get(_NIL) in ("true", "1")


def text_of(found: Element) -> str | None:
    """The text of an element; None for nil."""
    return None if is_nil(found) else (found.text or "")


def child_text(parent: Element, name: str) -> str | None:
    """The text of the first child of that name; None where there is none, or nil."""
    found = child(parent, name)
    return None if found is None else text_of(found)


def texts(parent: Element, name: str) -> list[str]:
    """The texts of all children of that name."""
    return [each.text or "" for each in children(parent, name)]


def flag(parent: Element, name: str) -> bool:
    """Whether the child of that name says true."""
    return (child_text(parent, name) or "").strip().lower() in ("true", "1")


def reply(
    dialect: Dialect, operation: str, result: XmlValue, *, header: Mapping[str, XmlValue] | None = None
) -> Response:
    """The reply to a call: `result` is one value, a list of several, or an empty list for none."""
    body = element(f"{operation}Response", {"result": result})
    return _envelope(dialect.namespaces, body, header)


def fault_reply(dialect: Dialect, fault: SoapFault) -> Response:
    """A SOAP fault, status 500 as SOAP 1.1 wants it."""
    outside = ":" in fault.code
    content: dict[str, XmlValue] = {
        "faultcode": fault.code if outside else f"sf:{fault.code}",
        "faultstring": fault.message if outside else f"{fault.code}: {fault.message}",
    }
    if fault.kind is not None:
        content["detail"] = {f"sf:{fault.kind}": _detail(fault, fault.kind)}
    namespaces = {"sf": dialect.faults}
    return _envelope(namespaces, element("soapenv:Fault", content), None, status=500)


def no_such_operation(call: Call) -> SoapFault:
    message = f"No operation available for request {call.name}, please check the WSDL for the service."
    return SoapFault(CLIENT, message, None)


def fault_of(error: OrgError) -> SoapFault:
    """An error of the REST API as the SOAP API says it."""
    return SoapFault(error.code, error.message, _FAULTS.get(error.code, "UnexpectedErrorFault"))


_FAULTS = {
    "INVALID_FIELD": "InvalidFieldFault",
    "MALFORMED_QUERY": "MalformedQueryFault",
    "MALFORMED_SEARCH": "MalformedSearchFault",
    "INVALID_TYPE": "InvalidSObjectFault",
    "MALFORMED_ID": "InvalidIdFault",
    "INVALID_QUERY_LOCATOR": "InvalidQueryLocatorFault",
}
_PLACE = re.compile(r"^ERROR at Row:(\d+):Column:(\d+)$", re.MULTILINE)
_QUERY_FAULTS = ("InvalidFieldFault", "MalformedQueryFault", "MalformedSearchFault", "InvalidSObjectFault")


def _detail(fault: SoapFault, kind: str) -> dict[str, XmlValue]:
    detail: dict[str, XmlValue] = {
        "@xsi:type": f"sf:{kind}",
        "sf:exceptionCode": fault.code,
        "sf:exceptionMessage": fault.message,
    }
    if kind in _QUERY_FAULTS:
        place = _PLACE.search(fault.message)
        detail |= {"sf:row": place[1] if place else -1, "sf:column": place[2] if place else -1}
    return detail


def _envelope(
    namespaces: Mapping[str, str], body: str, header: Mapping[str, XmlValue] | None, status: int = 200
) -> Response:
    declared = " ".join(
        f'xmlns{":" if prefix else ""}{prefix}="{uri}"'
        for prefix, uri in {
            "soapenv": "http://schemas.xmlsoap.org/soap/envelope/",
            **namespaces,
            "xsi": "http://www.w3.org/2001/XMLSchema-instance",
        }.items()
    )
    head = "" if header is None else element("soapenv:Header", header)
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope {declared}>{head}'
        f"<soapenv:Body>{body}</soapenv:Body></soapenv:Envelope>"
    )
    return Response(content, status, media_type=_MEDIA_TYPE)
