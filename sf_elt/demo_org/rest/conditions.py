"""Requests that hold only while a record is, or is not, as the caller knows it.

If-Unmodified-Since and If-Modified-Since go by LastModifiedDate, If-Match and If-None-Match by an ETag, which accounts
alone have (REST API Developer Guide, "Conditional Request Header").
"""
# ruff: noqa: S608 (names come from the schema and are quoted, values are parameters)

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from hashlib import sha256

from starlette.requests import Request

from sf_elt.demo_org.errors import OrgError
from sf_elt.demo_org.schema import ObjectType
from sf_elt.demo_org.store import Store, table
from sf_elt.demo_org.tables import living

WITH_ETAG = ("Account",)
_PRECONDITIONS = ("if-match", "if-unmodified-since")


@dataclass(frozen=True)
class RecordState:
    """A record's validators: when somebody last changed it (naive UTC), and its ETag if its object has one."""

    modified: datetime
    etag: str | None

    def headers(self) -> Mapping[str, str]:
        """As a reply shows them."""
        shown = {"Last-Modified": format_datetime(self.modified.replace(tzinfo=UTC), usegmt=True)}
        return shown if self.etag is None else {**shown, "ETag": self.etag}

    def unchanged(self, request: Request) -> bool:
        """Whether a reader has this state already."""
        known = request.headers.get("if-none-match")
        if known is not None and self.etag is not None:
            return self._among(known)
        since = _moment(request.headers.get("if-modified-since"))
        return since is not None and self.modified <= since

    def check(self, request: Request) -> None:
        """Raises OrgError (412) where the record has been changed since the caller read it."""
        known = request.headers.get("if-match")
        since = _moment(request.headers.get("if-unmodified-since"))
        matches = known is None or self.etag is None or self._among(known)
        if not matches or (since is not None and self.modified > since):
            raise OrgError(412, "PRECONDITION_FAILED", "Precondition Failed")

    def _among(self, header: str) -> bool:
        tags = {each.strip().removeprefix("W/").replace("--gzip", "") for each in header.split(",")}
        return "*" in tags or self.etag in tags


def is_conditional(request: Request) -> bool:
    """Whether a change hangs on the record's state."""
    return any(name in request.headers for name in _PRECONDITIONS)


def state_of(store: Store, object_type: ObjectType, record_id: str) -> RecordState | None:
    """The state of a record; None where there is none or it is deleted, or its object keeps no LastModifiedDate."""
    if not object_type.has("LastModifiedDate"):
        return None
    records, alive = table(object_type.name), living(object_type)
    query = f'SELECT "LastModifiedDate", "SystemModstamp" FROM {records} WHERE "Id" = ? AND {alive}'
    with store.reading() as connection:
        row = connection.execute(query, [record_id]).fetchone()
    if row is None or row[0] is None:
        return None
    etag = None
    if object_type.name in WITH_ETAG:
        etag = f'"{sha256(f"{record_id} {row[0]} {row[1]}".encode()).hexdigest()[:32]}"'
    return RecordState(row[0], etag)


def _moment(header: str | None) -> datetime | None:
    """The moment that a header names, in naive UTC; None where it names none."""
    if header is None:
        return None
    try:
        found = parsedate_to_datetime(header)
        return found.replace(tzinfo=None) if found.tzinfo is None else found.astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):
        return None
