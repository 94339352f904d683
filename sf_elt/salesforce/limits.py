"""What the org allows and how much of it is left, and which versions of the API it offers."""

from dataclasses import dataclass
from datetime import timedelta
from email.utils import parsedate_to_datetime

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from sf_elt.counting import count
from sf_elt.salesforce.connection.connect import Org
from sf_elt.salesforce.errors import RequestRefused
from sf_elt.salesforce.replies import MOST_ROWS, understood_as

API_CALLS = "DailyApiRequests"
BULK_QUERY_JOBS = "DailyBulkV2QueryJobs"
BULK_QUERY_MB = "DailyBulkV2QueryFileStorageMB"


class Limit(BaseModel):
    """One allowance of the org, most of them over a rolling 24 hours."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    most: int = Field(alias="Max", ge=-MOST_ROWS, le=MOST_ROWS)
    remaining: int = Field(alias="Remaining", ge=-MOST_ROWS, le=MOST_ROWS)

    @property
    def used(self) -> int:
        return self.most - self.remaining


class _Version(BaseModel):
    version: str = Field(pattern=r"^\d{1,3}\.\d$")


@dataclass(frozen=True)
class Versions:
    """The versions of the API that the org offers, oldest first, and how far its clock is ahead of ours (about)."""

    offered: tuple[str, ...]
    ahead: timedelta | None


_LIMITS = TypeAdapter(dict[str, Limit])
_VERSIONS = TypeAdapter(list[_Version])


def calls_in_words(calls: int) -> str:
    """`1 API call`, `1,200 API calls`."""
    return count(calls, "API call")


def limits(org: Org) -> dict[str, Limit]:
    """The org's allowances by Salesforce's names, in one call (REST API Developer Guide, "Limits").

    They are for users with "View Setup and Configuration". Another one is told the API calls alone, as each reply says.
    """
    try:
        reply = org.session.get(org.url("limits"))
    except RequestRefused as error:
        if error.code == "API_DISABLED_FOR_ORG":
            raise
        return _calls_as_told(org)
    return understood_as(_LIMITS, reply.content, "limits")


def _calls_as_told(org: Org) -> dict[str, Limit]:
    if org.allowance is None:
        return {}
    used, allowed = org.allowance
    return {API_CALLS: Limit(Max=allowed, Remaining=max(0, allowed - used))}


def versions(org: Org) -> Versions:
    """What the org offers, in one call that needs no version of its own ("Versions")."""
    reply = org.session.get(org.url("/services/data"))
    offered = [each.version for each in understood_as(_VERSIONS, reply.content, "versions")]
    try:
        ahead = parsedate_to_datetime(reply.headers["Date"]) - org.transport.clock()
    except (KeyError, TypeError, ValueError):
        ahead = None
    return Versions(tuple(sorted(offered, key=float)), ahead)
