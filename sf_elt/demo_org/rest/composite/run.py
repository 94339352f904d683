"""Running subrequests that may use each other's results, one after the other or as one transaction.

The words of the errors are from recorded traffic (CumulusCI, REST API Developer Guide).
"""

from collections.abc import Callable, Iterable, Sequence

from pydantic import JsonValue
from starlette.requests import Request

from sf_elt.demo_org.errors import OrgError
from sf_elt.demo_org.org import org_of
from sf_elt.demo_org.rest.composite.references import Unresolved, resolve, resolve_text
from sf_elt.demo_org.rest.composite.subrequests import Subrequest, inherited
from sf_elt.demo_org.rest.dispatch import SubReply, dispatch, in_own_loop, refusal

Replies = dict[str, SubReply]
"""What each subrequest answered, by its reference id."""

Fits = Callable[[Subrequest], bool]
"""Whether a resource can be a subrequest there."""

_ROLLED_BACK = OrgError(
    400,
    "PROCESSING_HALTED",
    "The transaction was rolled back since another operation in the same transaction failed.",
)


async def one_by_one(request: Request, given: Sequence[Subrequest], fits: Fits) -> Replies:
    """Each subrequest on its own: those that refer to one that failed are not tried."""
    replies: Replies = {}
    for each in given:
        replies[each.referenceId] = await _reply_to(request, each, replies, fits)
    return replies


async def together(request: Request, given: Sequence[Subrequest], fits: Fits) -> Replies:
    """All subrequests in one transaction: after the first that fails, nothing of it is kept and no other is tried.

    A collection of which only some records failed still shows its own outcomes, as in the real org.
    """
    return await in_own_loop(_together(request, given, fits))


def shown(given: Iterable[Subrequest], replies: Replies) -> list[dict[str, object]]:
    """The replies in the order of the request, as `compositeResponse` has them."""
    found = ((each.referenceId, replies[each.referenceId]) for each in given)
    return [
        {"body": sub.fragment, "httpHeaders": dict(sub.headers), "httpStatusCode": sub.status, "referenceId": name}
        for name, sub in found
    ]


async def _together(request: Request, given: Sequence[Subrequest], fits: Fits) -> Replies:
    replies: Replies = {}
    with org_of(request).store.transaction() as transaction:
        for each in given:
            replies[each.referenceId] = last = await _reply_to(request, each, replies, fits)
            if last.failed or transaction.failed or (each.is_collection and _partly_failed(last)):
                transaction.failed = True
                undone = refusal(_ROLLED_BACK)
                return {other.referenceId: undone for other in given} | {each.referenceId: last}
    return replies


async def _reply_to(request: Request, each: Subrequest, replies: Replies, fits: Fits) -> SubReply:
    def answer(name: str) -> JsonValue:
        earlier = replies.get(name)
        return None if earlier is None or earlier.failed else earlier.body

    try:
        url = resolve_text(each.url, answer)
        body = resolve(each.body, answer)
    except Unresolved as unresolved:
        return refusal(OrgError(400, "PROCESSING_HALTED", str(unresolved)))
    if not fits(each.model_copy(update={"url": url})):
        return refusal(OrgError(400, "PROCESSING_HALTED", f"This resource is not supported in a subrequest: {url}"))
    return await dispatch(request, each.method, url, body, inherited(request) | each.httpHeaders)


def _partly_failed(last: SubReply) -> bool:
    outcomes = last.body
    return isinstance(outcomes, list) and any(
        isinstance(each, dict) and each.get("success") is False for each in outcomes
    )
