"""What the org allows and how much of it is left, which versions of the API it offers, how many records it holds."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from email.utils import parsedate_to_datetime

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from sf_elt.salesforce.asking import ask, querying
from sf_elt.salesforce.connect import Org
from sf_elt.salesforce.errors import QueryTooLarge, RequestRefused
from sf_elt.salesforce.soql import name as checked_name
from sf_elt.salesforce.soql import select_count

API_CALLS = "DailyApiRequests"
BULK_QUERY_JOBS = "DailyBulkV2QueryJobs"
BULK_QUERY_MB = "DailyBulkV2QueryFileStorageMB"


class Limit(BaseModel):
    """One allowance of the org, most of them over a rolling 24 hours."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    most: int = Field(alias="Max")
    remaining: int = Field(alias="Remaining")

    @property
    def used(self) -> int:
        return self.most - self.remaining


class _Version(BaseModel):
    version: str


@dataclass(frozen=True)
class Versions:
    """The versions of the API that the org offers, oldest first, and how far its clock is ahead of ours (about)."""

    offered: tuple[str, ...]
    ahead: timedelta | None


_LIMITS = TypeAdapter(dict[str, Limit])
_VERSIONS = TypeAdapter(list[_Version])


def limits(org: Org) -> dict[str, Limit]:
    """The org's allowances by Salesforce's names, in one call (REST API Developer Guide, "Limits")."""
    reply = org.session.get(org.url("limits"))
    return _LIMITS.validate_json(reply.content)


def versions(org: Org) -> Versions:
    """What the org offers, in one call that needs no version of its own ("Versions")."""
    reply = org.session.get(org.url("/services/data"))
    offered = [each.version for each in _VERSIONS.validate_json(reply.content)]
    try:
        ahead = parsedate_to_datetime(reply.headers["Date"]) - org.transport.clock()
    except (KeyError, ValueError):
        ahead = None
    return Versions(tuple(sorted(offered, key=float)), ahead)


def count_records(org: Org, asked: Mapping[str, tuple[str, str]], *, include_deleted: bool) -> dict[str, int | None]:
    """Rows of (object, condition) by any names of letters, digits and `_`; five counts a call.

    None where the org cannot count in time. Raises RequestRefused for what it refuses otherwise.
    """
    questions = {
        name: querying(select_count(object_name, where), include_deleted=include_deleted)
        for name, (object_name, where) in asked.items()
    }
    counted: dict[str, int | None] = {}
    for name, reply in ask(org, questions).items():
        if reply.refused is not None and not isinstance(reply.refused, QueryTooLarge):
            raise reply.refused
        counted[name] = reply.total
    return counted


def kept_counts(org: Org, objects: list[str]) -> dict[str, int] | None:
    """The counts that the org keeps of whole objects, in one call: approximate, without deleted records.

    None where this user may not ask for them: it takes "View Setup and Configuration" ("Record Count").
    """
    named = ",".join(checked_name(each) for each in objects)
    try:
        reply = org.session.get(org.url("limits/recordCount"), params={"sObjects": named})
    except RequestRefused:
        return None
    return {each.name: each.count for each in _Counts.model_validate_json(reply.content).objects}


class _Count(BaseModel):
    name: str
    count: int


class _Counts(BaseModel):
    objects: list[_Count] = Field(alias="sObjects")
