"""Replies of the org, taken as what Salesforce documents them to be."""

from collections.abc import Mapping
from typing import NoReturn, TypeVar

import orjson
from pydantic import BaseModel, TypeAdapter, ValidationError

from sf_elt.salesforce.errors import NotInReply, OrgUnavailable, RequestRefused

Model = TypeVar("Model", bound=BaseModel)
Value = TypeVar("Value")

LONGEST_PLACE = 100  # characters: its names may be the reply's own
MOST_ROWS = 10**12  # of a query: no org has as many, and whatever is reckoned with it stays a number
MOST_EMPTY_PAGES = 20  # one after the other: whoever has no rows and always one more page would never end
DEEPEST = 20  # records in records: SOQL goes five levels up and five down


class Row(dict[str, object]):
    """A record as JSON. `row["Email"]` raises NotInReply where it is not there: it was asked for."""

    def __missing__(self, name: str) -> NoReturn:
        raise not_in_reply(name)


def understood(kind: type[Model], said: object, what: str) -> Model:
    """The reply, bytes of JSON or what they were read as, as a model.

    Raises OrgUnavailable where it is none. That says which part, and nothing of what it holds: records, it may be.
    """
    return understood_as(TypeAdapter(kind), said, what)


def understood_as(kind: TypeAdapter[Value], said: object, what: str) -> Value:
    """The same for what is no model."""
    try:
        return kind.validate_json(said) if isinstance(said, bytes) else kind.validate_python(said)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = ".".join(map(str, first["loc"]))[:LONGEST_PLACE]
    at = f"at {place}: " if place else ""
    raise OrgUnavailable(f"{what}: the org's reply is not what Salesforce documents ({at}{first['msg']}). Run it again")


def parsed(said: bytes, what: str) -> object:
    """JSON of any kind. Raises OrgUnavailable where it is none."""
    try:
        return orjson.loads(said)
    except orjson.JSONDecodeError:
        raise OrgUnavailable(f"{what}: the org's reply is no JSON. Run it again") from None


def rows_of(reply: object, what: str) -> list[Row]:
    """The records of a query's reply. Raises OrgUnavailable where it has none, or what are no objects."""
    found = reply.get("records") if isinstance(reply, Mapping) else None
    if not isinstance(found, list):
        raise OrgUnavailable(f"{what}: the org's reply has no records. Run it again")
    return [row_of(each, what) for each in found]


def row_of(record: object, what: str, depth: int = 0) -> Row:
    """A record of a reply, with those that it leads to. Raises OrgUnavailable for what is none."""
    if not isinstance(record, Mapping):
        raise OrgUnavailable(f"{what}: a record of the org's reply is no JSON object. Run it again")
    require_shallow(depth)
    return Row(
        (name, row_of(value, what, depth + 1) if isinstance(value, Mapping) else value)
        for name, value in record.items()
    )


def require_shallow(depth: int) -> None:
    """Raises OrgUnavailable for a record in more records than any query leads through."""
    if depth > DEEPEST:
        raise OrgUnavailable(f"the org's reply holds records within more than {DEEPEST} others. Run it again")


def total_of(reply: object) -> int:
    """How many rows a query has. Raises RequestRefused where its reply does not say so."""
    total = reply.get("totalSize") if isinstance(reply, Mapping) else None
    if not isinstance(total, int) or not 0 <= total <= MOST_ROWS:
        raise RequestRefused("the org's reply to a query has no totalSize that can be")
    return total


def require_an_end(pages_without_rows: int, what: str) -> None:
    """Raises RequestRefused where page after page has no rows, and each leads to one more."""
    if pages_without_rows > MOST_EMPTY_PAGES:
        raise RequestRefused(
            f"{what}: {pages_without_rows} pages without a row came one after the other, and each leads to one more; "
            "run it again"
        )


def not_in_reply(name: str) -> NotInReply:
    """The error for a field that was asked for and is not there."""
    return NotInReply(f"the org's reply to a query has a record without {name!r}, which was asked for. Run it again")
