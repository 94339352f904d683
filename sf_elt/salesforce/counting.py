"""How many records there are: of one condition, of several in few calls, or as the org keeps count itself."""

from collections.abc import Mapping

from pydantic import BaseModel, Field

from sf_elt.salesforce.asking import ask, querying
from sf_elt.salesforce.connection.connect import Org
from sf_elt.salesforce.errors import QueryTooLarge, RequestRefused
from sf_elt.salesforce.replies import MOST_ROWS, understood
from sf_elt.salesforce.soql import name as checked_name
from sf_elt.salesforce.soql import select_count


def count(org: Org, object_name: str, where: str = "", *, include_deleted: bool = False) -> int:
    """Rows that fulfil the condition, in one call."""
    resource = "queryAll" if include_deleted else "query"
    reply = org.session.get(org.url(f"{resource}/"), params={"q": select_count(object_name, where)})
    return understood(_Total, reply.content, f"count of {object_name}").total


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
    return {each.name: each.count for each in understood(_Counts, reply.content, "record counts").objects}


class _Total(BaseModel):
    total: int = Field(alias="totalSize", ge=0, le=MOST_ROWS)


class _Count(BaseModel):
    name: str
    count: int = Field(ge=0, le=MOST_ROWS)


class _Counts(BaseModel):
    objects: list[_Count] = Field(alias="sObjects")
