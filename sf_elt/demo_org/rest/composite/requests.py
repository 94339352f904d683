"""POST /composite: subrequests that may use each other's results; POST /composite/graph: sets of them, each atomic.

Rules and limits are those of the REST API Developer Guide ("Composite", "Composite Graph", "`allOrNone` Parameters in
Composite and Collections Requests"); the words of the errors are from recorded traffic.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, JsonValue
from starlette.requests import Request
from starlette.responses import Response

from sf_elt.demo_org.errors import OrgError
from sf_elt.demo_org.org import org_of
from sf_elt.demo_org.rest.composite.references import Unresolved, names_in, resolve, resolve_text
from sf_elt.demo_org.rest.composite.subrequests import Subrequest, check_unique, inherited, read_body
from sf_elt.demo_org.rest.dispatch import SubReply, dispatch, in_own_loop, refusal
from sf_elt.demo_org.rest.requests import json_of, reply

MOST_SUBREQUESTS, MOST_COLLECTIONS = 25, 5
MOST_GRAPHS, MOST_NODES, MOST_FAILED_GRAPHS = 75, 500, 14

ROLLED_BACK = OrgError(
    400,
    "PROCESSING_HALTED",
    "The transaction was rolled back since another operation in the same transaction failed.",
)


class Composite(BaseModel):
    """The body of POST /composite. The order of the subrequests is kept, whether they may be collated or not."""

    model_config = ConfigDict(extra="forbid")

    compositeRequest: list[Subrequest]  # noqa: N815 - the client's spelling
    allOrNone: bool = False  # noqa: N815
    collateSubrequests: bool = True  # noqa: N815


class Graph(BaseModel):
    model_config = ConfigDict(extra="forbid")

    graphId: Annotated[str, Field(max_length=40, pattern=r"^[A-Za-z0-9][^{}()\"]*$")]  # noqa: N815
    compositeRequest: list[Subrequest]  # noqa: N815


class Graphs(BaseModel):
    """The body of POST /composite/graph."""

    model_config = ConfigDict(extra="forbid")

    graphs: list[Graph]


async def composite(request: Request) -> Response:
    """POST /composite. With `allOrNone`, one subrequest that fails undoes all."""
    body = read_body(Composite, await json_of(request))
    given = body.compositeRequest
    _check_count(given, MOST_SUBREQUESTS, "subrequests")
    _check_count([each for each in given if each.is_collection], MOST_COLLECTIONS, "queries and collections")
    check_unique("referenceId", (each.referenceId for each in given))
    if body.allOrNone:
        replies = await in_own_loop(_together(request, given, Subrequest.fits_composite))
    else:
        replies = await _one_by_one(request, given, Subrequest.fits_composite)
    return reply({"compositeResponse": _shown(given, replies)})


async def graphs(request: Request) -> Response:
    """POST /composite/graph: each graph as a whole or not at all, its nodes in the order that their references need."""
    body = read_body(Graphs, await json_of(request))
    _check_count(body.graphs, MOST_GRAPHS, "graphs")
    _check_count([node for graph in body.graphs for node in graph.compositeRequest], MOST_NODES, "nodes")
    check_unique("graphId", (each.graphId for each in body.graphs))
    for graph in body.graphs:
        check_unique("referenceId", (each.referenceId for each in graph.compositeRequest))
    answers, failed = [], 0
    for graph in body.graphs:
        nodes = graph.compositeRequest
        if failed > MOST_FAILED_GRAPHS:
            replies = {node.referenceId: refusal(_TOO_MANY_FAILED) for node in nodes}
        else:
            replies = await in_own_loop(_together(request, _in_order(nodes), Subrequest.fits_graph))
        successful = not any(each.failed for each in replies.values())
        failed += not successful
        response = {"compositeResponse": _shown(nodes, replies)}
        answers.append({"graphId": graph.graphId, "graphResponse": response, "isSuccessful": successful})
    return reply({"graphs": answers})


Replies = dict[str, SubReply]
Fits = Callable[[Subrequest], bool]

_TOO_MANY_FAILED = OrgError(
    400, "PROCESSING_HALTED", f"Processing was halted: more than {MOST_FAILED_GRAPHS} graphs of the request failed."
)


async def _one_by_one(request: Request, given: Sequence[Subrequest], fits: Fits) -> Replies:
    """Each subrequest on its own: those that refer to one that failed are not tried."""
    replies: Replies = {}
    for each in given:
        replies[each.referenceId] = await _reply_to(request, each, replies, fits)
    return replies


async def _together(request: Request, given: Sequence[Subrequest], fits: Fits) -> Replies:
    """All subrequests in one transaction: after the first that fails, nothing of it is kept and no other is tried.

    A collection of which only some records failed still shows its own outcomes, as in the real org.
    """
    replies: Replies = {}
    with org_of(request).store.transaction() as transaction:
        for each in given:
            replies[each.referenceId] = last = await _reply_to(request, each, replies, fits)
            if last.failed or transaction.failed or (each.is_collection and _partly_failed(last)):
                transaction.failed = True
                undone = refusal(ROLLED_BACK)
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


def _in_order(nodes: Sequence[Subrequest]) -> list[Subrequest]:
    """The nodes so that each comes after those it refers to; what refers in a circle stays where it was."""
    waiting = {node.referenceId: node for node in nodes}
    needs = {node.referenceId: names_in([node.url, node.body]) for node in nodes}
    ordered: list[Subrequest] = []
    while waiting:
        ready = [name for name in waiting if not needs[name] & (waiting.keys() - {name})]
        for name in ready or list(waiting):
            ordered.append(waiting.pop(name))
    return ordered


def _shown(given: Iterable[Subrequest], replies: Replies) -> list[dict[str, object]]:
    """The replies in the order of the request."""
    found = ((each.referenceId, replies[each.referenceId]) for each in given)
    return [
        {"body": sub.fragment, "httpHeaders": dict(sub.headers), "httpStatusCode": sub.status, "referenceId": name}
        for name, sub in found
    ]


def _check_count(given: Sequence[object], most: int, what: str) -> None:
    if len(given) > most:
        raise OrgError(400, "LIMIT_EXCEEDED", f"The request holds {len(given)} {what}; the limit is {most}")
