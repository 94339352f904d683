"""GET /sobjects/Lead/updated and /deleted: which records changed in a span of time."""

import re
from contextlib import suppress
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response

from sf_elt.demo_org.errors import OrgError
from sf_elt.demo_org.org import org_of
from sf_elt.demo_org.replication import deleted_records, updated_records
from sf_elt.demo_org.rest.requests import object_of, reply

_DATETIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)", re.ASCII)


def updated(request: Request) -> Response:
    """GET /sobjects/Lead/updated?start=…&end=…: the Ids of records made or saved in between."""
    found = updated_records(
        org_of(request).store, object_of(request), _moment(request, "start"), _moment(request, "end")
    )
    request.state.rows = len(found.ids)
    return reply({"ids": found.ids, "latestDateCovered": _shown(found.latest_date_covered)})


def deleted(request: Request) -> Response:
    """GET /sobjects/Lead/deleted?start=…&end=…: the Ids of records deleted in between, and when each was."""
    found = deleted_records(
        org_of(request).store, object_of(request), _moment(request, "start"), _moment(request, "end")
    )
    request.state.rows = len(found.records)
    return reply(
        {
            "deletedRecords": [
                {"deletedDate": _shown(deleted_at), "id": record_id} for record_id, deleted_at in found.records
            ],
            "earliestDateAvailable": _shown(found.earliest_date_available),
            "latestDateCovered": _shown(found.latest_date_covered),
        }
    )


def _moment(request: Request, name: str) -> datetime:
    """A parameter as an aware datetime. Raises OrgError for one that is missing or no datetime."""
    given = request.query_params.get(name)
    if given is None:
        raise OrgError(400, "MISSING_ARGUMENT", f"{name} parameter is required")
    if _DATETIME.fullmatch(given):
        with suppress(ValueError, OverflowError):  # refused below, as what does not even look like a date
            return datetime.fromisoformat(given).astimezone(UTC)
    raise OrgError(400, "INVALID_REPLICATION_DATE", f"{name} is not a valid date and time: {given}")


def _shown(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000+0000")
