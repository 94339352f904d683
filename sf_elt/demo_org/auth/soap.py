"""SOAP login: what username + password + security token uses, at /services/Soap/u/NN.N and /c/NN.N."""

from xml.etree.ElementTree import Element, ParseError
from xml.sax.saxutils import escape

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sf_elt.demo_org.org import Org, org_of

XML = "text/xml;charset=UTF-8"
URN = {"u": "partner", "c": "enterprise"}
INVALID_LOGIN = "Invalid username, password, security token; or user locked out."

ENVELOPE = """<?xml version="1.0" encoding="UTF-8"?>\
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" {namespaces} \
xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body>{body}</soapenv:Body></soapenv:Envelope>"""

RESULT = """<loginResponse><result><metadataServerUrl>{instance_url}/services/Soap/m/{version}/{organization_id}\
</metadataServerUrl><passwordExpired>false</passwordExpired><sandbox>false</sandbox>\
<serverUrl>{instance_url}/services/Soap/{flavour}/{version}/{organization_id}</serverUrl>\
<sessionId>{session_id}</sessionId><userId>{user_id}</userId><userInfo><organizationId>{organization_id}\
</organizationId><sessionSecondsValid>{seconds}</sessionSecondsValid><userEmail>{email}</userEmail>\
<userFullName>{name}</userFullName><userId>{user_id}</userId><userLanguage>en_US</userLanguage>\
<userLocale>en_US</userLocale><userName>{username}</userName><userTimeZone>GMT</userTimeZone>\
<userType>Standard</userType></userInfo></result></loginResponse>"""

FAULT = """<soapenv:Fault><faultcode>sf:{code}</faultcode><faultstring>{code}: {message}</faultstring>\
<detail><sf:{kind} xsi:type="sf:{kind}"><sf:exceptionCode>{code}</sf:exceptionCode>\
<sf:exceptionMessage>{message}</sf:exceptionMessage></sf:{kind}></detail></soapenv:Fault>"""


def routes() -> list[Route]:
    return [
        Route("/services/Soap/{flavour:str}/{version:str}", login, methods=["POST"]),
        Route("/services/Soap/{flavour:str}/{version:str}/{organization_id:str}", login, methods=["POST"]),
    ]


async def login(request: Request) -> Response:
    """Answers login(); any other SOAP call is refused with a fault, since nothing else is served here."""
    org = org_of(request)
    flavour = request.path_params["flavour"]
    if flavour not in URN:
        return _fault("u", "UnexpectedErrorFault", "UNSUPPORTED_API_VERSION", "Only the u and c endpoints are served")
    try:
        envelope = fromstring(await request.body())
    except (ParseError, DefusedXmlException, LookupError, ValueError) as error:  # the latter two: unknown encodings
        return _fault(flavour, "ApiFault", "INVALID_SOAP_BODY", f"The request is not readable XML: {error}")
    call = _first(envelope, "login")
    if call is None:
        return _fault(flavour, "UnexpectedErrorFault", "INVALID_OPERATION", "Only login() is served over SOAP")
    if not org.credentials.accepts_password(_text(call, "username"), _text(call, "password")):
        return _fault(flavour, "LoginFault", "INVALID_LOGIN", INVALID_LOGIN)
    return _welcome(org, flavour, request.path_params["version"])


def _welcome(org: Org, flavour: str, version: str) -> Response:
    credentials = org.credentials
    session = org.sessions.open(credentials.user_id, org.clock())
    values = {
        "instance_url": org.instance_url,
        "organization_id": credentials.organization_id,
        "version": version,
        "flavour": flavour,
        "session_id": session.token,
        "user_id": credentials.user_id,
        "seconds": str(int(org.sessions.lifetime.total_seconds())),
        "email": credentials.email,
        "name": credentials.display_name,
        "username": credentials.username,
    }
    body = RESULT.format_map({name: escape(value) for name, value in values.items()})
    namespaces = f'xmlns="urn:{URN[flavour]}.soap.sforce.com"'
    return Response(ENVELOPE.format(namespaces=namespaces, body=body), media_type=XML)


def _fault(flavour: str, kind: str, code: str, message: str) -> Response:
    """A SOAP fault, status 500 as SOAP 1.1 wants it."""
    body = FAULT.format(kind=kind, code=code, message=escape(message))
    namespaces = f'xmlns:sf="urn:fault.{URN[flavour]}.soap.sforce.com"'
    return Response(ENVELOPE.format(namespaces=namespaces, body=body), status_code=500, media_type=XML)


def _first(root: Element, name: str) -> Element | None:
    """The first element of that local name, whatever its namespace: partner and enterprise differ only there."""
    return next((element for element in root.iter() if element.tag.rpartition("}")[2] == name), None)


def _text(root: Element, name: str) -> str:
    element = _first(root, name)
    return (element.text or "") if element is not None else ""
