"""What clients send as a subrequest, and which addresses it may name."""

import re
from collections.abc import Iterable, Sized
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, JsonValue
from starlette.requests import Request

from sf_elt.demo_org.errors import OrgError

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]

INHERITED = ("accept", "authorization", "content-type")
"""Headers that a subrequest has from its parent and must not name."""

_REFERENCE_ID = re.compile(r"[A-Za-z0-9_]+", re.ASCII)
_DATA = r"/services/data/v\d\d\.0"
_COLLECTION = re.compile(rf"{_DATA}/(?:query(?:All)?(?:[/?].*)?|composite/sobjects(?:[/?].*)?)", re.ASCII | re.DOTALL)
_COMPOSITE = re.compile(rf"{_DATA}/sobjects(?:[/?].*)?|{_COLLECTION.pattern}", re.ASCII | re.DOTALL)
_GRAPH = re.compile(rf"{_DATA}/sobjects/\w+(?:/.*)?", re.ASCII | re.DOTALL)


def _reference_id(text: str) -> str:
    if not _REFERENCE_ID.fullmatch(text):
        raise ValueError(f"The referenceId {text} holds more than letters, numbers and underscores")
    return text


def _headers(headers: dict[str, str]) -> dict[str, str]:
    refused = [name for name in headers if name.lower() in INHERITED]
    if refused:
        raise ValueError(f"Subrequests inherit these headers and cannot set them: {', '.join(refused)}")
    return headers


class Subrequest(BaseModel):
    """One request inside another. References in `url` and `body` are not resolved yet."""

    model_config = ConfigDict(extra="forbid")

    method: Method
    url: str
    referenceId: Annotated[str, AfterValidator(_reference_id)]  # noqa: N815 - the client's spelling
    body: JsonValue = None
    httpHeaders: Annotated[dict[str, str], AfterValidator(_headers)] = {}  # noqa: N815

    @property
    def is_collection(self) -> bool:
        """Whether it queries or uses the sObject Collections, of which a composite request takes five."""
        return _COLLECTION.fullmatch(self.url) is not None

    @property
    def resource(self) -> str:
        """The version and the object of the address: /services/data/v62.0/sobjects/Account."""
        return "/".join(self.url.split("/")[:6])

    def fits_composite(self) -> bool:
        """The resources that /composite takes: sObjects, queries, sObject Collections."""
        return _COMPOSITE.fullmatch(self.url) is not None

    def fits_graph(self) -> bool:
        """The resources that a graph takes: records, by Id or external id."""
        return _GRAPH.fullmatch(self.url) is not None


def inherited(parent: Request) -> dict[str, str]:
    """The headers that a subrequest has from its parent."""
    return {name: parent.headers[name] for name in INHERITED if name in parent.headers}


def check_count(given: Sized, most: int, what: str) -> None:
    """Refuses the whole request where it holds too many of something."""
    if len(given) > most:
        raise OrgError(400, "LIMIT_EXCEEDED", f"The request holds {len(given)} {what}; the limit is {most}")


def check_unique(kind: str, names: Iterable[str]) -> None:
    """Refuses the whole request where a name is given twice."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise OrgError(400, "INVALID_INPUT", f"Duplicate {kind} provided in the request: {name}")
        seen.add(name)
