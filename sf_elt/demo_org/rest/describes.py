"""GET /sobjects and what is below it about objects rather than records."""
# ruff: noqa: S608 (names come from the schema and are quoted, values are parameters)

import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from starlette.requests import Request
from starlette.responses import Response

from sf_elt.demo_org.describe import Json, RecordTypeInfo, describe_global, describe_object, object_summary
from sf_elt.demo_org.errors import not_found
from sf_elt.demo_org.layouts import describe_compact_layouts, describe_layout, describe_layouts
from sf_elt.demo_org.org import Org, org_of
from sf_elt.demo_org.requests import schema_of, user_of, version_of
from sf_elt.demo_org.rest.conditions import RecordState
from sf_elt.demo_org.rest.requests import object_of, reply
from sf_elt.demo_org.store import table


class Describes:
    """Answers describes, and remembers since when each user's says what it says (`If-Modified-Since`)."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], _Known] = {}
        self._lock = threading.Lock()

    def all_objects(self, request: Request) -> Response:
        """GET /sobjects: the global describe."""
        return self._reply(request, describe_global(schema_of(request), version_of(request)))

    def one_object(self, request: Request) -> Response:
        """GET /sobjects/Lead/describe."""
        org, object_type = org_of(request), object_of(request)
        found = describe_object(
            schema_of(request),
            object_type,
            version_of(request),
            record_types_of(org, object_type.name),
            instance_url=org.instance_url,
        )
        return self._reply(request, found)

    def _reply(self, request: Request, content: Json) -> Response:
        """The describe with when it began to say this, or 304 where the client has it."""
        answer = reply(content)
        known = self._since(request, hash(answer.body))
        if known.unchanged(request):
            return Response(status_code=304, headers=known.headers())
        answer.headers.update(known.headers())
        return answer

    def _since(self, request: Request, fingerprint: int) -> RecordState:
        subject = user_of(request), request.url.path.lower()
        now = org_of(request).clock().astimezone(UTC).replace(tzinfo=None, microsecond=0)
        with self._lock:
            known = self._known.get(subject)
            if known is None or known.fingerprint != fingerprint:
                # a change within the same second is still later than what was said before it
                since = now if known is None else max(now, known.since + timedelta(seconds=1))
                known = self._known[subject] = _Known(fingerprint, since)
        return RecordState(known.since, None)


@dataclass(frozen=True)
class _Known:
    """A describe as it was last sent, and since when (naive UTC, whole seconds)."""

    fingerprint: int
    since: datetime


def summary(request: Request) -> Response:
    """GET /sobjects/Lead: the object without its fields; the demo org remembers no recent items."""
    return reply({"objectDescribe": object_summary(object_of(request), version_of(request)), "recentItems": []})


def layouts(request: Request) -> Response:
    """GET /sobjects/Lead/describe/layouts: the page layout, and which record type has it."""
    object_type = object_of(request)
    record_types = record_types_of(org_of(request), object_type.name)
    return reply(describe_layouts(object_type, version_of(request), record_types))


def layout_of_record_type(request: Request) -> Response:
    """GET /sobjects/Lead/describe/layouts/012…: the page layout of a record type."""
    object_type = object_of(request)
    record_types = record_types_of(org_of(request), object_type.name)
    return reply(describe_layout(object_type, request.path_params["record_type_id"], record_types))


def compact_layouts(request: Request) -> Response:
    """GET /sobjects/Lead/describe/compactLayouts: the fields at the top of a record's page."""
    object_type = object_of(request)
    record_types = record_types_of(org_of(request), object_type.name)
    return reply(describe_compact_layouts(object_type, version_of(request), record_types))


def approval_layouts(request: Request) -> Response:
    """GET /sobjects/Lead/describe/approvalLayouts: there are no approval processes."""
    if not object_of(request).layoutable:
        raise not_found()
    return reply({"approvalLayouts": []})


def record_types_of(org: Org, object_name: str) -> list[RecordTypeInfo]:
    """The record types of an object, oldest first."""
    with org.store.reading() as connection:
        rows = connection.execute(
            f'SELECT "Id", "Name", "DeveloperName", "IsActive" FROM {table("RecordType")} '
            'WHERE "SobjectType" = ? ORDER BY "Id"',
            [object_name],
        ).fetchall()
    return [RecordTypeInfo(*row) for row in rows]
