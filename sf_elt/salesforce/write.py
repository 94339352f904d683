"""Records created, updated, upserted and deleted in the org, up to 200 in one call (sObject Collections).

Each function makes one call and gives one result for each record, in their order (REST API Developer Guide, "sObject
Collections"). With `all_or_none` nothing is written where one record fails; `allow_duplicates` saves what a duplicate
rule would only warn of. All raise

    RequestRefused   the org refuses the call as a whole; with the code JSON_PARSER_ERROR one value is malformed.
                     Nothing was written.
    OrgUnavailable   no usable answer, also after repeating: the call may or may not have been carried out, unless
                     `never_arrived`
    AllowanceSpent   nothing was sent

A create is never repeated once it may have been carried out: OrgUnavailable then, and its records are in doubt until
they are looked for. An update, an upsert and a delete are, since doing them twice ends in the same.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import orjson
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from requests import Response

from sf_elt.salesforce.connection.connect import Org
from sf_elt.salesforce.errors import OrgUnavailable
from sf_elt.salesforce.save_codes import NO_REASON, Meaning, meaning_of
from sf_elt.salesforce.soql import name

MAX_RECORDS = 200

Record = Mapping[str, object]
"""Values by field; `{"Owner": {"External_Id__c": "x"}}` refers to a record by a field of its own."""


@dataclass(frozen=True)
class SaveResult:
    """What became of one record; `code`, `message` and `fields` are Salesforce's own, of its first error.

    `record_id` is None for a record that is not there: one that was refused when it was to be made. `created` says
    whether a saved record is new; None where that is not known: it was not saved, or an upsert had to be sent twice.
    """

    record_id: str | None
    success: bool
    created: bool | None = None
    code: str | None = None
    message: str | None = None
    fields: tuple[str, ...] = ()

    @property
    def meaning(self) -> Meaning | None:
        """What a refusal asks for; None where there was none."""
        return None if self.success else meaning_of(self.code)

    @property
    def is_retryable(self) -> bool:
        return self.meaning is Meaning.RETRY


def create_records(
    org: Org,
    object_name: str,
    records: Sequence[Record],
    *,
    all_or_none: bool = False,
    allow_duplicates: bool = False,
) -> list[SaveResult]:
    """Makes new records. After OrgUnavailable that is not `never_arrived` they may be there: look before sending again.

    An answer that cannot be made out is OrgUnavailable as well.
    """
    check_count("create", records)
    response = org.session.post(
        org.url("composite/sobjects"),
        data=_body(object_name, records, all_or_none),
        headers=_headers(allow_duplicates),
    )
    results = _made(response, len(records), each_is_new=True)
    return [replace(result, created=True if result.success else None) for result in results]


def update_records(
    org: Org,
    object_name: str,
    records: Sequence[Record],
    *,
    all_or_none: bool = False,
    allow_duplicates: bool = False,
) -> list[SaveResult]:
    """Sets fields of records that are there.

    Each record has its `Id` and the fields to set; None clears a field, a field that is not there is not touched.
    """
    check_count("update", records)
    response = org.session.patch(
        org.url("composite/sobjects"),
        data=_body(object_name, records, all_or_none),
        headers=_headers(allow_duplicates),
    )
    return _of([str(record["Id"]) for record in records], response)


def upsert_records(
    org: Org,
    object_name: str,
    external_id_field: str,
    records: Sequence[Record],
    *,
    all_or_none: bool = False,
    allow_duplicates: bool = False,
) -> list[SaveResult]:
    """Updates the records that hold the same value in `external_id_field`, and makes those that are not there.

    A value that several records hold fails its row as DUPLICATE_EXTERNAL_ID, whose meaning is AMBIGUOUS; a value that
    comes twice in one call fails both rows as DUPLICATE_VALUE. A call that was repeated does not say what it made
    itself: `created` is None for the records that the second one found.
    """
    check_count("upsert", records)
    response = org.session.patch(
        org.url(f"composite/sobjects/{name(object_name)}/{name(external_id_field)}"),
        data=_body(object_name, records, all_or_none),
        headers=_headers(allow_duplicates),
    )
    results = _made(response, len(records), each_is_new=False)
    if org.transport.is_second_answer(response):
        return [replace(result, created=result.created or None) for result in results]
    return results


def delete_records(org: Org, ids: Sequence[str], *, all_or_none: bool = False) -> list[SaveResult]:
    """Moves records of any objects to the recycle bin, from which `undelete_records` brings them back.

    A record that was deleted before fails as ENTITY_IS_DELETED. Where the call was repeated, it was this call that had
    deleted it, as far as anybody can tell, and it counts as deleted.
    """
    check_count("delete", ids)
    response = org.session.delete(
        org.url("composite/sobjects"), params={"ids": ",".join(ids), "allOrNone": str(all_or_none).lower()}
    )
    results = _of(ids, response)
    if not org.transport.is_second_answer(response):
        return results
    return [
        SaveResult(result.record_id, success=True) if result.code == "ENTITY_IS_DELETED" else result
        for result in results
    ]


def check_count(operation: str, records: Sequence[object]) -> None:
    """Raises ValueError for no records, and for more than one call takes: a mistake of the caller."""
    if not 1 <= len(records) <= MAX_RECORDS:
        raise ValueError(f"one call can {operation} 1 to {MAX_RECORDS} records, not {len(records)}")


class _Reply(BaseModel):
    """What the org says of one record. Its errors are read for themselves, since a record failed whatever they are."""

    model_config = ConfigDict(extra="ignore")

    id: str | None = Field(default=None, pattern=r"^([0-9A-Za-z]{15}([0-9A-Za-z]{3})?)?$")
    success: bool
    created: bool | None = None
    errors: object = None


class _Error(BaseModel):
    model_config = ConfigDict(extra="ignore")

    code: str = Field(default=NO_REASON, alias="statusCode")
    message: str
    fields: tuple[str, ...] | None = None


_REPLIES = TypeAdapter(list[_Reply])


def _body(object_name: str, records: Sequence[Record], all_or_none: bool) -> bytes:
    kind = {"attributes": {"type": name(object_name)}}
    return orjson.dumps({"allOrNone": all_or_none, "records": [{**kind, **record} for record in records]})


def _headers(allow_duplicates: bool) -> dict[str, str]:
    headers = {"Content-Type": "application/json"}
    return headers | ({"Sforce-Duplicate-Rule-Header": "allowSave=true"} if allow_duplicates else {})


def _made(response: Response, expected: int, *, each_is_new: bool) -> list[SaveResult]:
    """The results of a create, where `each_is_new`, or of an upsert, in the order of the request.

    Raises OrgUnavailable where two new records have one Id: whose it is nobody can tell.
    """
    replies = _replies(response, expected)
    ids = [str(reply.id)[:15] for reply in replies if reply.success]
    if each_is_new and len(set(ids)) < len(ids):
        raise _unreadable(response, expected, "one record for several")
    return [_result(reply) for reply in replies]


def _of(ids: Sequence[str], response: Response) -> list[SaveResult]:
    """The results for records that there are. A failed one may have no Id in the reply, so it comes from the request.

    Raises OrgUnavailable where a result names another record than the one in its place.
    """
    replies = _replies(response, len(ids))
    if any(reply.id and reply.id[:15] != an_id[:15] for an_id, reply in zip(ids, replies, strict=True)):
        raise _unreadable(response, len(ids), "results of other records, or in another order")
    return [replace(_result(reply), record_id=an_id) for an_id, reply in zip(ids, replies, strict=True)]


def _replies(response: Response, expected: int) -> list[_Reply]:
    """What the org says of each record. Raises OrgUnavailable where it cannot be made out what became of the records.

    The message holds nothing of the answer, which may hold values of records.
    """
    try:
        replies = _REPLIES.validate_json(response.content)
    except ValidationError:
        raise _unreadable(response, expected, "no list of results") from None
    if len(replies) != expected:
        raise _unreadable(response, expected, f"{len(replies)} results")
    if any(reply.success and not reply.id for reply in replies):
        raise _unreadable(response, expected, "a success that names no record")
    return replies


def _unreadable(response: Response, expected: int, given: str) -> OrgUnavailable:
    method, status = response.request.method, response.status_code
    return OrgUnavailable(f"the org answered a {method} of {expected} records with {given}", status=status)


def _result(reply: _Reply) -> SaveResult:
    if reply.success:
        return SaveResult(reply.id, success=True, created=reply.created)
    try:
        first = _Error.model_validate(reply.errors[0] if isinstance(reply.errors, list) and reply.errors else None)
    except ValidationError:
        return SaveResult(None, success=False, code=NO_REASON, message="the org gave no reason")
    return SaveResult(None, success=False, code=first.code, message=first.message, fields=first.fields or ())
