"""Replies of the org, taken as what Salesforce documents them to be."""

from typing import TypeVar

import orjson
from pydantic import BaseModel, TypeAdapter, ValidationError

from sf_elt.salesforce.errors import OrgUnavailable

Model = TypeVar("Model", bound=BaseModel)
Value = TypeVar("Value")

LONGEST_PLACE = 100  # characters: its names may be the reply's own


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
