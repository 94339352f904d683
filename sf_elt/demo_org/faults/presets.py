"""Faults by name: `{"preset": "lost_answer", "path": "/composite"}`. What a plan gives itself goes before the preset's.

The wording of errors is Salesforce's own, from recorded replies.
"""

from collections.abc import Mapping
from dataclasses import dataclass

EVERYWHERE = "^/services"
QUERIES = r"/v\d+\.\d/query(All)?/?$"
NEXT_PAGES = r"/v\d+\.\d/query(All)?/[^/]+$"
ANSWERS_WITH_ROWS = r"/v\d+\.\d/query|/results$|/result/"
BULK_PAGES = r"/jobs/query/[^/]+/(results|resultPages)$"
NEW_JOBS = r"/jobs/query$|/jobs/ingest/[^/]+$|/async/[^/]+/job/[^/]+/batch$"

_MAINTENANCE = "<html><head><title>Down for Maintenance</title></head><body><h1>Down for Maintenance</h1></body></html>"
_BAD_GATEWAY = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
_HTML = {"Content-Type": "text/html; charset=UTF-8"}


@dataclass(frozen=True)
class Preset:
    """A fault with a name: what it is, which requests it meets unless told, what it does."""

    sentence: str
    does: Mapping[str, object]
    path: str = EVERYWHERE


def _refusal(status: int, code: str, message: str, **headers: str) -> dict[str, object]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return {"refuse": {"status": status, "code": code, "message": message, "headers": named}}


PRESETS: dict[str, Preset] = {
    "expired_session": Preset(
        "The session that the request uses has ended: 401 until the client logs in again.", {"end_session": True}
    ),
    "session_ends_while_paging": Preset(
        "The session ends between two pages of a query.", {"end_session": True}, NEXT_PAGES
    ),
    "unauthorized": Preset(
        "One 401 INVALID_SESSION_ID, though the session lives on.",
        _refusal(401, "INVALID_SESSION_ID", "Session expired or invalid"),
    ),
    "expired_password": Preset(
        "401 INVALID_OPERATION_WITH_EXPIRED_PASSWORD, which no new session cures.",
        _refusal(
            401,
            "INVALID_OPERATION_WITH_EXPIRED_PASSWORD",
            "The users password has expired, you must call SetPassword before attempting any other API operations",
        )
        | {"times": None},
    ),
    "allowance_spent": Preset(
        "403 REQUEST_LIMIT_EXCEEDED: no call is left of the day's.",
        _refusal(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."),
    ),
    "too_many_long_requests": Preset(
        "403 REQUEST_LIMIT_EXCEEDED: too many long requests run at once.",
        _refusal(403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests (Concurrent API Requests) Limit exceeded."),
    ),
    "too_many_requests": Preset(
        "429 with Retry-After.", _refusal(429, "REQUEST_LIMIT_EXCEEDED", "Too many requests.", Retry_After="1")
    ),
    "server_error": Preset(
        "500 UNKNOWN_EXCEPTION.", _refusal(500, "UNKNOWN_EXCEPTION", "An unexpected error occurred.", Retry_After="1")
    ),
    "bad_gateway": Preset(
        "502 from a gateway, in HTML.",
        {"reply": {"status": 502, "body": _BAD_GATEWAY, "headers": {**_HTML, "Retry-After": "1"}}},
    ),
    "unavailable": Preset(
        "503 SERVER_UNAVAILABLE with Retry-After.",
        _refusal(503, "SERVER_UNAVAILABLE", "Server is too busy. Please try again later.", Retry_After="1"),
    ),
    "maintenance_page": Preset(
        "503 with an HTML page.", {"reply": {"status": 503, "body": _MAINTENANCE, "headers": _HTML}}
    ),
    "html_instead": Preset(
        "An HTML page that says 200.", {"reply": {"status": 200, "body": _MAINTENANCE, "headers": _HTML}}
    ),
    "dropped_before": Preset("The connection ends before the request is looked at.", {"drop": "before"}),
    "dropped_upload": Preset(
        "The connection ends while the request's body is on its way, and nothing takes effect.", {"drop": "upload"}
    ),
    "lost_answer": Preset("The request takes effect, its answer is lost.", {"drop": "after"}),
    "dropped_in_body": Preset("The connection ends in the middle of the answer.", {"drop": "body"}),
    "slow": Preset("The answer comes two seconds late.", {"delay": 2}),
    "trickle": Preset("The answer comes slowly, 2,000 bytes a second.", {"trickle": 2_000}),
    "far_away": Preset(
        "Pages of bulk results begin half a second late and come at 8 MB a second.",
        {"trickle": 8_000_000, "trickle_after": 0.5, "times": None},
        BULK_PAGES,
    ),
    "truncated_csv": Preset(
        "Half of the rows, in an answer that ends as if it were whole.", {"shorten": {}}, r"/results$|/result/"
    ),
    "malformed_json": Preset("Half of a JSON text, in an answer that ends as if it were whole.", {"shorten": {}}),
    "wrong_content_type": Preset(
        "The right answer under a wrong Content-Type.", {"alter": {"headers": {"Content-Type": "text/html"}}}
    ),
    "lying_count": Preset(
        "The answer counts one record more than there are.",
        {"alter": {"add": {"totalSize": 1, "numberRecordsProcessed": 1, "Sforce-NumberOfRecords": 1}}},
    ),
    "late_usage": Preset(
        "Sforce-Limit-Info counts two calls fewer: it comes from a server that has not heard of the latest.",
        {"alter": {"add": {"Sforce-Limit-Info": -2}}},
    ),
    "query_timeout": Preset(
        "400 QUERY_TIMEOUT for queries that find more than `over_rows` (1,000) rows.",
        {
            "refuse": {
                "status": 400,
                "code": "QUERY_TIMEOUT",
                "message": "Your query request was running for too long.",
                "over_rows": 1_000,
            },
            "times": None,
        },
        QUERIES,
    ),
    "operation_too_large": Preset(
        "400 OPERATION_TOO_LARGE for queries that find more than `over_rows` (1,000) rows.",
        {
            "refuse": {
                "status": 400,
                "code": "OPERATION_TOO_LARGE",
                "message": "exceeded 100000 distinct ids",
                "over_rows": 1_000,
            },
            "times": None,
        },
        QUERIES,
    ),
    "dead_locator": Preset(
        "400 INVALID_QUERY_LOCATOR for the next page of a query.",
        _refusal(400, "INVALID_QUERY_LOCATOR", "invalid query locator"),
        NEXT_PAGES,
    ),
    "small_pages": Preset(
        "Pages of 50 rows, whatever size was wished for.", {"page_size": 50, "times": None}, ANSWERS_WITH_ROWS
    ),
    "repeated_rows": Preset(
        "A page of a query begins with the last row of the page before.", {"repeat_rows": 1}, NEXT_PAGES
    ),
    "locked_rows": Preset("UNABLE_TO_LOCK_ROW for every record that the request would change.", {"lock_rows": ["*"]}),
    "late_commit": Preset(
        "What is saved carries the time of the request and shows, and is answered, once the fault is forgotten. "
        "Records that others saved meanwhile are locked for it.",
        {"late_commit": True},
    ),
    "stuck_job": Preset("A bulk job that stays InProgress until the fault is forgotten.", {"hold_job": True}, NEW_JOBS),
    "failed_job": Preset("A bulk job that ends as Failed.", {"end_job": {"state": "Failed"}}, NEW_JOBS),
    "aborted_job": Preset("A bulk job that somebody aborts.", {"end_job": {"state": "Aborted"}}, NEW_JOBS),
}

TRANSIENT = (
    "unauthorized", "too_many_long_requests", "too_many_requests", "server_error", "bad_gateway", "unavailable",
    "maintenance_page", "dropped_before", "lost_answer", "dropped_in_body",
)  # fmt: skip
"""What a client survives by asking again (or by looking, where it was writing): the default of random plans."""
