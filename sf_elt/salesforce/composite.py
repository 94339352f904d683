"""Several reads in one API call: POST /composite.

All of its subrequests together count as one call; /composite/batch counts each (REST API Developer Guide, "Composite",
"Batch"). It takes every sObject resource but blobs, and queries.
"""

from collections.abc import Mapping

import orjson
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError


class Answer(BaseModel):
    """What one of the reads gave: its own status, and its JSON."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str = Field(alias="referenceId")
    status: int = Field(alias="httpStatusCode")
    body: object = None


class _Answers(BaseModel):
    answers: list[Answer] = Field(alias="compositeResponse")


class _Asked(BaseModel):
    method: str


class _AllAsked(BaseModel):
    requests: list[_Asked] = Field(alias="compositeRequest")


def body_of_reads(addresses: Mapping[str, str]) -> bytes:
    """The body of a composite request for these addresses (from the root, percent-encoded), by their reference ids."""
    asked = [{"method": "GET", "url": url, "referenceId": name} for name, url in addresses.items()]
    return orjson.dumps({"allOrNone": False, "compositeRequest": asked})


def answers_in(reply: bytes) -> dict[str, Answer]:
    """The answers by their reference ids. Raises ValueError for what is no reply to a composite request."""
    return {answer.name: answer for answer in _Answers.model_validate_json(reply).answers}


def only_reads(body: bytes | str | None) -> bool:
    """Whether a composite request changes nothing, so that it may be sent twice."""
    try:
        asked = TypeAdapter(_AllAsked).validate_json(body or b"")
    except ValidationError:
        return False
    return all(each.method == "GET" for each in asked.requests)
