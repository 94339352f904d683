"""What can go wrong with the org, each as its own exception. The tree is drawn in `sf_elt.salesforce`."""

import re
from collections.abc import Sequence
from datetime import datetime
from email.utils import parsedate_to_datetime
from html import unescape
from urllib.parse import urlsplit

import orjson
from requests import Response

from sf_elt.salesforce.repeating import LONGEST, repeatable
from sf_elt.visible import visible

# What asking for less cures. Bulk jobs name the code inside a longer message ("InvalidBatch : Failed to process query:
# QUERY_TIMEOUT: …"), and give up after fifteen tries of ten minutes (Bulk API 2.0 Developer Guide, "Query Limits").
TOO_LARGE = frozenset({"QUERY_TIMEOUT", "OPERATION_TOO_LARGE", "EXCEEDED_ID_LIMIT", "REQUEST_RUNNING_TOO_LONG"})
_TOO_LARGE_WORDS = re.compile("|".join([*sorted(TOO_LARGE), "Retried more than .* times"]))
QUERY_CODES = frozenset({"MALFORMED_QUERY", "INVALID_QUERY_FILTER_OPERATOR", "INVALID_QUERY_LOCATOR", "INVALID_QUERY"})
TOO_LONG_STATUSES = frozenset({414, 431})
_BUSY_STATUSES = frozenset({408, 425, 429})
_PASSING = ("REQUEST_LIMIT_EXCEEDED", "SERVER_UNAVAILABLE", "API_CURRENTLY_DISABLED")  # "because of a system issue"
_BY_ANOTHER = " (in a web page, and so not by the org itself: is there a proxy, or a firewall?)"
_FOR_EVER = frozenset({501, 505})  # what the server will never do; every other 5xx passes


class SalesforceError(Exception):
    """Anything that goes wrong between us and the org.

    `code` is Salesforce's errorCode where there is one, `status` the HTTP status, `fields` the fields it names. The
    message may have the org's own words in it: nothing in them drives the terminal that a log is read in.
    """

    def __init__(
        self, message: str, *, code: str | None = None, status: int | None = None, fields: Sequence[str] = ()
    ) -> None:
        super().__init__(visible(message))
        self.code = code
        self.status = status
        self.fields = tuple(fields)


class AuthenticationFailed(SalesforceError):
    """The org does not accept the credentials, or a session ended and cannot be renewed."""


class OrgUnavailable(SalesforceError):
    """No usable reply, also after repeating: 429, 5xx, timeouts, dropped connections, a web page instead.

    `never_arrived` is true where the request certainly did not reach the org; `retry_after` is what the org asked
    for, in seconds.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        status: int | None = None,
        never_arrived: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, code=code, status=status)
        self.never_arrived = never_arrived
        self.retry_after = retry_after


class ReplyTruncated(OrgUnavailable):
    """A body ended before its announced length."""


class LandedBroken(ReplyTruncated):
    """A page that has landed cannot be unpacked: nothing that holds it is worth going on with."""


class ReplyOutOfBounds(OrgUnavailable):
    """A reply is larger than replies may be, or takes longer: it is not read on, and not asked for again."""


class NotInReply(OrgUnavailable, KeyError):
    """A record comes without a field that was asked for; to whoever reads a Record it is a missing key."""

    __str__ = Exception.__str__


class AllowanceSpent(SalesforceError):
    """No more API calls for now, by our own maximum or by the org's: go on after `until` (UTC). Not a failure."""

    def __init__(self, message: str, *, until: datetime, code: str | None = None, status: int | None = None) -> None:
        super().__init__(message, code=code, status=status)
        self.until = until


class RequestRefused(SalesforceError):
    """The org understood the request and will not do it."""


class UnknownObject(RequestRefused):
    """The org has no such object, or this user may not see it."""


class UnknownField(RequestRefused):
    """The object has no such field, or this user may not see it."""


class QueryRefused(RequestRefused):
    """The org does not accept the SOQL."""


class CursorDied(QueryRefused):
    """The org has forgotten where it was in the pages of a query: after two days, say."""


class QueryTooLarge(QueryRefused):
    """The query takes too long or too much: ask for less at once."""


class QueryTooLong(QueryRefused):
    """The query does not fit into an address: send it as a bulk job, or split it by fields."""


class JobFailed(RequestRefused):
    """A bulk job ended as Failed or Aborted."""


class NotInBulk(RequestRefused):
    """The Bulk API cannot do this query or upload, because of its object or of a field: REST can."""


def error_from(response: Response, *, now: datetime, next_try: datetime) -> SalesforceError:
    """The exception for a reply that is not a success. `next_try`: when to go on where the org's allowance is spent."""
    where = f"{response.request.method} {urlsplit(response.request.url or '').path}"
    said = _parts(response)
    by_another = _BY_ANOTHER if is_web_page(response) and said[0] is None and response.status_code < 500 else ""
    return _error(
        where,
        response.status_code,
        *said,
        next_try=next_try,
        retry_after=_retry_after(response, now),
        not_of_the_org=by_another,
    )


def error_inside(where: str, status: int, body: object, *, next_try: datetime) -> SalesforceError:
    """The same for a subrequest of a composite request, which has a status and a body of its own."""
    said = _parts_of(body) or (None, "", ())
    return _error(where, status, *said, next_try=next_try)


def is_too_large(message: str) -> bool:
    """Whether the message of a job that failed says that it asked for too much at once."""
    return _TOO_LARGE_WORDS.search(message) is not None


def _error(
    where: str,
    status: int,
    code: str | None,
    message: str,
    fields: tuple[str, ...],
    *,
    next_try: datetime,
    retry_after: float | None = None,
    not_of_the_org: str = "",
) -> SalesforceError:
    text = f"{where}: {status} {code or ''} {repeatable(message)}".replace("  ", " ").strip() + not_of_the_org
    is_for_now = status == 429 or "concurrent" in message.lower()  # too much at once; the day's allowance is left
    if code == "REQUEST_LIMIT_EXCEEDED" and not is_for_now:
        return AllowanceSpent(
            f"the org's allowance of API calls is spent, paused until {next_try:%Y-%m-%d %H:%M} UTC ({text})",
            until=next_try,
            code=code,
            status=status,
        )
    if code in TOO_LARGE:
        return QueryTooLarge(text, code=code, status=status, fields=fields)
    if is_busy(status) or code in _PASSING:
        return OrgUnavailable(text, code=code, status=status, retry_after=retry_after)
    if status == 401:
        return AuthenticationFailed(_explain_401(code, text), code=code, status=status)
    kind = QueryTooLong if status in TOO_LONG_STATUSES else _class_for(code)
    return kind(text, code=code, status=status, fields=fields)


def is_busy(status: int) -> bool:
    """Whether the same request may be answered later: an org, or what stands before it, is not ready for it now.

    (408 and 5xx of all kinds come from load balancers; 511 is a network that wants somebody to log in to it first.)
    """
    return status in _BUSY_STATUSES or (status >= 500 and status not in _FOR_EVER)


def is_web_page(response: Response) -> bool:
    """A page of a proxy or of a maintenance, by its headers: the org's own answers are JSON, CSV or XML."""
    return "html" in response.headers.get("Content-Type", "").lower()


def broken_reply(response: Response) -> OrgUnavailable | None:
    """The exception for a success that is none, whose body is read already: a web page, or JSON that breaks off."""
    kind = response.headers.get("Content-Type", "").lower()
    if is_web_page(response):
        what = f"a web page in place of the org's answer{_said_by_page(_text_of(response))}"
    elif _should_be_json(response, kind) and not _is_json(response.content):
        what = "JSON that breaks off" if "json" in kind else "what is no JSON"
    else:
        return None
    where = f"{response.request.method} {urlsplit(response.request.url or '').path}"
    return OrgUnavailable(f"{where}: {response.status_code} with {what}", status=response.status_code)


def _should_be_json(response: Response, kind: str) -> bool:
    """Whatever says so, and whatever the REST API answers to who has not asked for CSV."""
    if response.status_code == 204:
        return False
    is_rest = urlsplit(response.request.url or "").path.startswith("/services/data")
    wants_csv = "csv" in response.request.headers.get("Accept", "")
    is_answer = bool(response.content) or response.request.method == "GET"  # an upload is answered with nothing
    return "json" in kind or (is_rest and is_answer and not wants_csv and "xml" not in kind)


def _said_by_page(text: str) -> str:
    """What the page says. What is no page may be the org's answer under a wrong type, which holds personal data."""
    return f": {_first_words(text)}" if text.lstrip().startswith("<") else ""


def _is_json(body: bytes) -> bool:
    try:
        orjson.loads(body)
    except orjson.JSONDecodeError:
        return False
    return True


def _class_for(code: str | None) -> type[RequestRefused]:
    if code == "INVALID_TYPE":
        return UnknownObject
    if code == "INVALID_FIELD":
        return UnknownField
    return QueryRefused if code in QUERY_CODES else RequestRefused


def _explain_401(code: str | None, text: str) -> str:
    if code == "INVALID_OPERATION_WITH_EXPIRED_PASSWORD":
        return f"the user's password has expired: set a new one in Salesforce, logging in again does not help ({text})"
    return f"the org does not accept our session ({text})"


def _parts(response: Response) -> tuple[str | None, str, tuple[str, ...]]:
    """(errorCode, message, fields) of Salesforce's JSON body; for anything else the first words of its text."""
    body = response.content
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError:
        text = _text_of(response)
        return None, _first_words(text) if _is_of_words(text) else "", ()
    return _parts_of(parsed) or (None, "", ())


def _text_of(response: Response) -> str:
    """The body as text, in the encoding that it says it has; a few that Python knows do not decode what they should."""
    try:
        return str(response.content, response.encoding or "utf-8", errors="replace")
    except (LookupError, ValueError):
        return str(response.content, "utf-8", errors="replace")


def _is_of_words(text: str) -> bool:
    """Whether the text is a page, or a line of a proxy: anything else may be records, whatever the status."""
    text = text[:1000].strip()
    return text.startswith("<") or not re.search(r"""[\n"{]|,\S""", text)


def _parts_of(parsed: object) -> tuple[str | None, str, tuple[str, ...]] | None:
    """The same of parsed JSON; None where it is no error of Salesforce's."""
    first = parsed[0] if isinstance(parsed, list) and parsed else parsed
    if not isinstance(first, dict):
        return None
    code = first.get("errorCode") or first.get("error")
    message = first.get("message") or first.get("error_description") or ""
    fields = first.get("fields")
    named = tuple(str(field) for field in fields[:LONGEST]) if isinstance(fields, list) else ()
    return (str(code)[:LONGEST] if code else None), str(message), named


def _first_words(text: str, limit: int = 160) -> str:
    without_hidden = re.sub(r"(?is)<(script|style|head)\b.*?</\1>", " ", text[: 1 << 15])
    words = " ".join(unescape(re.sub(r"<[^<>]*>", " ", without_hidden)).split())
    return repeatable(words if len(words) <= limit else words[:limit].rsplit(" ", 1)[0] + " …")


def _retry_after(response: Response, now: datetime) -> float | None:
    """Seconds of a Retry-After header, which is a number of seconds or an HTTP date."""
    value = response.headers.get("Retry-After")
    if value is None:
        return None
    try:
        return (
            float(value) if value.strip().isdigit() else max(0.0, (parsedate_to_datetime(value) - now).total_seconds())
        )
    except (ValueError, TypeError, OverflowError):
        return None
