"""What a window costs to look at: the object as it is now, and how many rows there are, in one API call."""

import logging
from dataclasses import dataclass
from urllib.parse import quote

from sf_elt.salesforce.composite import Answer, answers_in, body_of_reads
from sf_elt.salesforce.connect import Org
from sf_elt.salesforce.describe import ObjectDescribe, describe, unknown_object
from sf_elt.salesforce.errors import (
    OrgUnavailable,
    QueryTooLarge,
    RequestRefused,
    SalesforceError,
    UnknownObject,
    error_inside,
)
from sf_elt.salesforce.query import count
from sf_elt.salesforce.soql import name, select_count
from sf_elt.salesforce.transport import ORG_PAUSE

log = logging.getLogger(__name__)

MAX_SUBREQUEST = 12_000  # bytes; a subrequest's address has the limits of any other


@dataclass(frozen=True)
class Survey:
    """An object as the org describes it now, and the rows that it counts: None where it cannot count them in time."""

    described: ObjectDescribe
    counted: int | None


def survey(org: Org, object_name: str, where: str = "", *, include_deleted: bool) -> Survey:
    """A fresh describe and a count, in one API call; `describe` gives what was described here from now on.

    Raises UnknownObject with the nearest names, UnknownField and QueryRefused where the condition is refused.
    An org that does not take the two together is asked for one after the other: two calls.
    """
    try:
        addresses = {"described": _describe_address(org, object_name)}
    except ValueError as error:
        raise unknown_object(org, object_name) from error
    counting = "queryAll" if include_deleted else "query"
    addresses["counted"] = f"{_data(org)}/{counting}/?q={quote(select_count(object_name, where), safe='')}"
    if not org.takes_composites or len(addresses["counted"]) > MAX_SUBREQUEST:
        return _one_after_the_other(org, object_name, where, include_deleted=include_deleted)
    try:
        return _together(org, object_name, addresses)
    except _NotTogether as refused:
        log.info("%s does not answer describe and count in one call: %s", org.host, refused)
        org.takes_composites = refused.only_now
        return _one_after_the_other(org, object_name, where, include_deleted=include_deleted)


class _NotTogether(Exception):
    """The org does not do this as a composite request; `only_now` where it may the next time."""

    def __init__(self, message: str, *, only_now: bool = False) -> None:
        super().__init__(message)
        self.only_now = only_now


def _together(org: Org, object_name: str, addresses: dict[str, str]) -> Survey:
    try:
        reply = org.session.post(
            org.url("composite"), data=body_of_reads(addresses), headers={"Content-Type": "application/json"}
        )
        answers = answers_in(reply.content)
        described, counted = answers["described"], answers["counted"]
    except RequestRefused as error:
        raise _NotTogether(str(error)) from error
    except (ValueError, KeyError) as error:
        raise _NotTogether("its reply holds no answers") from error
    refused = _refusal(org, addresses["described"], described)
    if refused is not None:
        if refused.code == "NOT_FOUND" or isinstance(refused, UnknownObject):
            raise unknown_object(org, object_name) from refused
        raise refused
    org.described[object_name] = ObjectDescribe.model_validate(described.body)
    uncounted = _refusal(org, addresses["counted"], counted)
    if uncounted is not None and not isinstance(uncounted, QueryTooLarge):
        raise uncounted
    return Survey(org.described[object_name], None if uncounted is not None else _total(counted))


def _refusal(org: Org, address: str, answer: Answer) -> SalesforceError | None:
    """The error that the same request alone would have raised. Raises _NotTogether where together is the error."""
    if answer.status < 300:
        return None
    where = f"GET {address.partition('?')[0]}"
    error = error_inside(where, answer.status, answer.body, next_try=org.transport.clock() + ORG_PAUSE)
    if error.code == "PROCESSING_HALTED" or answer.status == 405:
        raise _NotTogether(str(error))
    if isinstance(error, OrgUnavailable):  # alone it is repeated
        raise _NotTogether(str(error), only_now=True)
    return error


def _total(counted: Answer) -> int:
    total = counted.body.get("totalSize") if isinstance(counted.body, dict) else None
    if not isinstance(total, int):
        raise RequestRefused("the org's reply to a count has no totalSize")
    return total


def _one_after_the_other(org: Org, object_name: str, where: str, *, include_deleted: bool) -> Survey:
    org.described.pop(object_name, None)
    described = describe(org, object_name)
    try:
        counted = count(org, object_name, where, include_deleted=include_deleted)
    except QueryTooLarge:
        return Survey(described, None)
    return Survey(described, counted)


def _describe_address(org: Org, object_name: str) -> str:
    return f"{_data(org)}/sobjects/{name(object_name)}/describe"


def _data(org: Org) -> str:
    return f"/services/data/v{org.api_version}"
