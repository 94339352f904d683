"""What the older Bulk API says: jobs, batches, lists and errors, as XML or as JSON."""

import re
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sf_elt.demo_org.errors import OrgError

XML = "application/xml"
NAMESPACE = "http://www.force.com/2009/06/asyncapi/dataload"
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_CODES = {
    "EXCEEDEDQUOTA": "ExceededQuota",
    "FEATURENOTENABLED": "FeatureNotEnabled",
    "INVALID_SESSION_ID": "InvalidSessionId",
    "INVALIDJOB": "InvalidJob",
    "INVALIDJOBSTATE": "InvalidJobState",
    "REQUEST_LIMIT_EXCEEDED": "ExceededQuota",
    "NOT_FOUND": "InvalidUrl",
}
"""The codes that newer APIs spell otherwise; in version 2.0 a message begins with the older spelling."""


def one(name: str, members: Mapping[str, object], *, as_json: bool, status: int = 200) -> Response:
    """A jobInfo or a batchInfo."""
    if as_json:
        return JSONResponse(dict(members), status)
    return Response(f'{_HEAD}<{name} xmlns="{NAMESPACE}">{_elements(members)}</{name}>', status, media_type=XML)


def batch_list(batches: Sequence[Mapping[str, object]], *, as_json: bool) -> Response:
    if as_json:
        return JSONResponse({"batchInfo": [dict(each) for each in batches]})
    inside = "".join(f"<batchInfo>{_elements(each)}</batchInfo>" for each in batches)
    return Response(f'{_HEAD}<batchInfoList xmlns="{NAMESPACE}">{inside}</batchInfoList>', media_type=XML)


def result_list(ids: Sequence[str], *, as_json: bool) -> Response:
    """The Ids of a query batch's results."""
    if as_json:
        return JSONResponse(list(ids))
    inside = "".join(f"<result>{each}</result>" for each in ids)
    return Response(f'{_HEAD}<result-list xmlns="{NAMESPACE}">{inside}</result-list>', media_type=XML)


def refusal(error: OrgError, *, as_json: bool) -> Response:
    """An error. Where version 2.0 has a status of its own for it, this API says 400 (recorded: InvalidSessionId)."""
    code = _CODES.get(error.code, error.code)
    message = error.message.removeprefix(f"{code} : ")
    status = error.status if error.status >= 500 else 400
    if as_json:
        return JSONResponse({"exceptionCode": code, "exceptionMessage": message}, status)
    inside = f"<exceptionCode>{code}</exceptionCode><exceptionMessage>{text(message)}</exceptionMessage>"
    return Response(f'{_HEAD}<error xmlns="{NAMESPACE}">{inside}</error>', status, media_type=XML)


def speaks_json(request: Request) -> bool:
    """Whether the client writes JSON, or says that it would rather read it."""
    headers = request.headers
    return "json" in headers.get("content-type", "").lower() or "json" in headers.get("accept", "").lower()


def text(value: object) -> str:
    """A value as the text of an XML element; characters that XML cannot hold are left out."""
    shown = str(value).lower() if isinstance(value, bool) else str(value)
    return escape(_NOT_XML.sub("", shown))


def _elements(members: Mapping[str, object]) -> str:
    """Datetimes end in Z in XML; what is null is left out."""
    shown = {
        name: str(value).replace("+0000", "Z") if name in ("createdDate", "systemModstamp") else value
        for name, value in members.items()
        if value is not None
    }
    return "".join(f"<{name}>{text(value)}</{name}>" for name, value in shown.items())
