"""What a window costs to look at: the object as it is now, and how many rows there are, in one API call."""

from dataclasses import dataclass

from sf_elt.salesforce.asking import ask, describing, querying
from sf_elt.salesforce.connection.connect import Org
from sf_elt.salesforce.describe import ObjectDescribe, remember, told_plainly, unknown_object
from sf_elt.salesforce.errors import QueryTooLarge
from sf_elt.salesforce.soql import select_count


@dataclass(frozen=True)
class Survey:
    """An object as the org describes it now, and the rows that it counts: None where it cannot count them in time."""

    described: ObjectDescribe
    counted: int | None


def survey(org: Org, object_name: str, where: str = "", *, include_deleted: bool) -> Survey:
    """A fresh describe and a count, in one API call; `describe` gives what was described here from now on.

    Raises UnknownObject with the nearest names, UnknownField and QueryRefused where the condition is refused.
    An org that does not take the two together is asked for one after the other: two calls.
    """
    try:
        describes = describing(object_name)
    except ValueError as error:
        raise unknown_object(org, object_name) from error
    counts = querying(select_count(object_name, where), include_deleted=include_deleted)
    replies = ask(org, {"described": describes, "counted": counts})
    described, counted = replies["described"], replies["counted"]
    if described.refused is not None:
        told = told_plainly(org, object_name, described.refused)
        raise told from None if told is described.refused else described.refused  # no error is its own cause
    remember(org, object_name, described.body)
    if counted.refused is not None and not isinstance(counted.refused, QueryTooLarge):
        raise counted.refused
    return Survey(org.described[object_name], counted.total)
