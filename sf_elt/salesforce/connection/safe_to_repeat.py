"""Which requests may be sent again, after what: nothing is created twice, and no code is spent twice."""

import re
from urllib.parse import urlsplit

import requests

from sf_elt.salesforce.composite import only_reads
from sf_elt.salesforce.errors import OrgUnavailable, ReplyOutOfBounds

_RETRIEVE = re.compile(r"/composite/sobjects/\w+$")
_SOAP_READS = frozenset({"listMetadata", "readMetadata"})


def is_worth_repeating(error: BaseException, repeatable: bool) -> bool:
    """A request that may have been carried out is repeated only where doing it twice changes nothing."""
    if not isinstance(error, OrgUnavailable) or isinstance(error, ReplyOutOfBounds) or (error.retry_after or 0) > 300:
        return False
    return repeatable or is_untried(error)


def is_untried(error: OrgUnavailable) -> bool:
    """Whether the request was certainly not carried out."""
    return error.never_arrived or error.status == 429 or error.code == "REQUEST_LIMIT_EXCEEDED"


def is_repeatable(request: requests.PreparedRequest) -> bool:
    """Whatever may be carried out twice: reads, updates, upserts, deletes, logins, jobs; not a POST that creates.

    A query job, or an ingest job without data, that nobody knows of does nothing. An upsert finds the record that it
    made, and a delete finds it deleted: `is_second_answer` tells what that says.
    """
    if request.method != "POST" or is_login(request) or request.headers.get("SOAPAction") in _SOAP_READS:
        return b"grant_type=authorization_code" not in _body(request)  # a code is spent by its first use
    path = path_of(request)
    if path.endswith("/composite"):
        return only_reads(request.body)
    return path.endswith(("/jobs/query", "/jobs/ingest")) or _RETRIEVE.search(path) is not None


def is_login(request: requests.PreparedRequest) -> bool:
    """By SOAP, an operation among others (`undelete`); simple-salesforce names it in a header, as SOAP wants it."""
    return is_login_path(path_of(request)) and request.headers.get("SOAPAction", "login") == "login"


def _body(request: requests.PreparedRequest) -> bytes:
    """The body where it is short enough to be in memory."""
    body = request.body
    return body.encode() if isinstance(body, str) else body if isinstance(body, bytes) else b""


def is_login_path(path: str) -> bool:
    """Whether logins go there; by SOAP, other operations too."""
    return path.startswith(("/services/oauth2/token", "/services/Soap/u/"))


def path_of(request: requests.PreparedRequest) -> str:
    """Of its address, without the query, which can hold personal data."""
    return urlsplit(request.url or "").path
