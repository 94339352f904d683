"""Deleted records brought back from the recycle bin, which the SOAP API alone does, up to 200 in one call."""

from collections.abc import Sequence
from xml.etree.ElementTree import Element, ParseError
from xml.sax.saxutils import escape

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring
from requests import Response

from sf_elt.salesforce.connection.connect import Org
from sf_elt.salesforce.connection.transport import ORG_PAUSE
from sf_elt.salesforce.errors import OrgUnavailable, SalesforceError, error_inside
from sf_elt.salesforce.save_codes import NO_REASON
from sf_elt.salesforce.write import SaveResult, check_count

_PARTNER = "{urn:partner.soap.sforce.com}"
_SOAP = "{http://schemas.xmlsoap.org/soap/envelope/}"
_ENVELOPE = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns="urn:partner.soap.sforce.com">'
    "<s:Header><SessionHeader><sessionId>{session}</sessionId></SessionHeader>"
    "<AllOrNoneHeader><allOrNone>{all_or_none}</allOrNone></AllOrNoneHeader></s:Header>"
    "<s:Body><undelete>{ids}</undelete></s:Body></s:Envelope>"
)
_EXPIRED = "INVALID_SESSION_ID"
# Faults after which it is not known whether the call was carried out; all others refuse it.
_STATUS = {_EXPIRED: 401, "UNKNOWN_EXCEPTION": 500, "SERVER_UNAVAILABLE": 503}


def undelete_records(org: Org, ids: Sequence[str], *, all_or_none: bool = False) -> list[SaveResult]:
    """Brings records of any objects back, with what was deleted because of them: one result for each, in their order.

    A record fails as UNDELETE_FAILED where it is not in the bin: it lives, or its fifteen days are over (SOAP API
    Developer Guide, "undelete()"). Raises what writing raises (`write`); the call is not repeated once it may have been
    carried out, since the second one could not tell what the first has brought back.
    """
    check_count("undelete", ids)
    token = str(org.transport.token)
    response = _call(org, token, ids, all_or_none)
    if _fault_code(response) == _EXPIRED and org.transport.renew is not None:
        org.transport.renew(token)
        response = _call(org, str(org.transport.token), ids, all_or_none)
    results = _results(org, response)
    if len(results) != len(ids):
        raise OrgUnavailable(f"the org answered an undelete of {len(ids)} records with {len(results)} results")
    return [_result(record_id, result) for record_id, result in zip(ids, results, strict=True)]


def _call(org: Org, token: str, ids: Sequence[str], all_or_none: bool) -> Response:
    envelope = _ENVELOPE.format(
        session=escape(token),
        all_or_none=str(all_or_none).lower(),
        ids="".join(f"<ids>{escape(each)}</ids>" for each in ids),
    )
    return org.session.post(
        org.url(f"/services/Soap/u/{org.api_version}"),
        data=envelope.encode(),
        headers={"Content-Type": "text/xml; charset=UTF-8", "SOAPAction": "undelete"},
    )


def _results(org: Org, response: Response) -> list[Element]:
    code = _fault_code(response)
    if code is not None:
        raise _fault(org, code, response)
    return _read(response).findall(f".//{_PARTNER}result")


def _fault_code(response: Response) -> str | None:
    """The code of a fault, such as INVALID_SESSION_ID; None for a result."""
    fault = _read(response).find(f".//{_SOAP}Fault")
    return None if fault is None else (fault.findtext("faultcode") or NO_REASON).rpartition(":")[2]


def _fault(org: Org, code: str, response: Response) -> SalesforceError:
    words = _read(response).findtext(".//faultstring") or ""
    body = {"errorCode": code, "message": words.removeprefix(f"{code}: ")}
    next_try = org.transport.clock() + ORG_PAUSE
    return error_inside("undelete by SOAP", _STATUS.get(code, 400), body, next_try=next_try)


def _read(response: Response) -> Element:
    try:
        read: Element = fromstring(response.content)
    except (ParseError, DefusedXmlException) as error:
        raise OrgUnavailable(
            "the org answered an undelete with what is no XML, or breaks off", status=response.status_code
        ) from error
    return read


def _result(record_id: str, result: Element) -> SaveResult:
    if result.findtext(f"{_PARTNER}success") == "true":
        return SaveResult(record_id, success=True)
    error = result.find(f"{_PARTNER}errors")
    if error is None:
        return SaveResult(record_id, success=False, code=NO_REASON, message="the org gave no reason")
    return SaveResult(
        record_id,
        success=False,
        code=error.findtext(f"{_PARTNER}statusCode") or NO_REASON,
        message=error.findtext(f"{_PARTNER}message"),
        fields=tuple(field.text or "" for field in error.findall(f"{_PARTNER}fields")),
    )
