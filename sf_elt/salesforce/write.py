"""Records written to the org, up to 200 in one call (sObject Collections)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import orjson
from requests import Response

from sf_elt.salesforce.connection.connect import Org
from sf_elt.salesforce.errors import SalesforceError
from sf_elt.salesforce.soql import name

MAX_RECORDS = 200

# Codes of rows that can succeed when they are sent again; every other code needs another payload, or an administrator.
RETRYABLE_CODES = frozenset(
    {
        "UNABLE_TO_LOCK_ROW",
        "SERVER_UNAVAILABLE",
        "UNKNOWN_EXCEPTION",
        "QUERY_TIMEOUT",
        "REQUEST_RUNNING_TOO_LONG",
        "REQUEST_LIMIT_EXCEEDED",
        "CONCURRENT_REQUESTS_LIMIT_EXCEEDED",
        "ALL_OR_NONE_OPERATION_ROLLED_BACK",
    }
)


@dataclass(frozen=True)
class SaveResult:
    """What became of one record; `code`, `message` and `fields` are Salesforce's own, of its first error."""

    record_id: str
    success: bool
    code: str | None = None
    message: str | None = None
    fields: tuple[str, ...] = ()

    @property
    def is_retryable(self) -> bool:
        return self.code in RETRYABLE_CODES


def update_records(
    org: Org, object_name: str, records: Sequence[Mapping[str, object]], *, all_or_none: bool = False
) -> list[SaveResult]:
    """Updates at most 200 records in one call and gives one result for each, in the order of `records`.

    Each record has its `Id` and the fields to set; None clears a field, a field that is not there is not touched.
    Raises RequestRefused where the org refuses the call as a whole (code JSON_PARSER_ERROR: one value is malformed and
    nothing was written), OrgUnavailable where it may or may not have been carried out.
    """
    if not 1 <= len(records) <= MAX_RECORDS:
        raise ValueError(f"an update takes 1 to {MAX_RECORDS} records, not {len(records)}")
    body = {"allOrNone": all_or_none, "records": [_with_type(record, object_name) for record in records]}
    response = org.session.patch(
        org.url("composite/sobjects"), data=orjson.dumps(body), headers={"Content-Type": "application/json"}
    )
    replies = _replies(response, len(records))
    return [_result(str(record["Id"]), reply) for record, reply in zip(records, replies, strict=True)]


def _with_type(record: Mapping[str, object], object_name: str) -> dict[str, object]:
    return {"attributes": {"type": name(object_name)}, **record}


def _replies(response: Response, expected: int) -> list[dict[str, object]]:
    try:
        replies = orjson.loads(response.content)
    except orjson.JSONDecodeError as error:
        raise SalesforceError(f"the reply to an update is no JSON: {error}", status=response.status_code) from error
    if not isinstance(replies, list) or len(replies) != expected:
        given = f"{len(replies)} results" if isinstance(replies, list) else type(replies).__name__
        raise SalesforceError(
            f"the org answered an update of {expected} records with {given}", status=response.status_code
        )
    return replies


def _result(record_id: str, reply: dict[str, object]) -> SaveResult:
    """A failed row has no id in the reply, so the id comes from the request."""
    if reply.get("success") is True:
        return SaveResult(record_id, success=True)
    errors = reply.get("errors")
    first = errors[0] if isinstance(errors, list) and errors else None
    if not isinstance(first, dict):
        return SaveResult(record_id, success=False, code="UNKNOWN", message=str(first or "the org gave no reason"))
    return SaveResult(
        record_id,
        success=False,
        code=str(first.get("statusCode") or "UNKNOWN"),
        message=str(first.get("message") or "the org gave no reason"),
        fields=tuple(str(field) for field in first.get("fields") or ()),
    )
