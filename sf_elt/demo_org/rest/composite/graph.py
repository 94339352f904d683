"""POST /composite/graph: sets of subrequests about records, each set as a whole or not at all.

Rules and limits are those of the REST API Developer Guide ("Using Composite Graphs", "Composite Graph Limits").
"""

from collections.abc import Iterator, Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from sf_elt.demo_org.errors import OrgError
from sf_elt.demo_org.rest.composite.references import names_in
from sf_elt.demo_org.rest.composite.run import shown, together
from sf_elt.demo_org.rest.composite.subrequests import Subrequest, check_count, check_unique
from sf_elt.demo_org.rest.dispatch import refusal
from sf_elt.demo_org.rest.requests import json_of, read_body, reply

MOST_GRAPHS, MOST_NODES, MOST_KINDS, MOST_FAILED, DEEPEST = 75, 500, 15, 14, 15

_TOO_MANY_FAILED = OrgError(
    400, "PROCESSING_HALTED", f"Processing was halted: more than {MOST_FAILED} graphs of the request failed."
)


class Graph(BaseModel):
    model_config = ConfigDict(extra="forbid")

    graphId: Annotated[str, Field(max_length=40, pattern=r"^[A-Za-z0-9][^{}()\"]*$")]  # noqa: N815
    compositeRequest: list[Subrequest]  # noqa: N815 - the client's spelling


class Graphs(BaseModel):
    """The body."""

    model_config = ConfigDict(extra="forbid")

    graphs: list[Graph]


async def graphs(request: Request) -> Response:
    """POST /composite/graph. The nodes of a graph may stand in any order; they run as their references need it."""
    body = read_body(Graphs, await json_of(request))
    _check_limits(body.graphs)
    answers: list[dict[str, object]] = []
    failed = 0
    for graph in body.graphs:
        nodes = graph.compositeRequest
        if failed > MOST_FAILED:
            replies = {node.referenceId: refusal(_TOO_MANY_FAILED) for node in nodes}
        else:
            ordered = [node for level in _levels(nodes) for node in level]
            replies = await together(request, ordered, Subrequest.fits_graph)
        successful = not any(each.failed for each in replies.values())
        failed += not successful
        response = {"compositeResponse": shown(nodes, replies)}
        answers.append({"graphId": graph.graphId, "graphResponse": response, "isSuccessful": successful})
    return reply({"graphs": answers})


def _check_limits(given: Sequence[Graph]) -> None:
    nodes = [node for graph in given for node in graph.compositeRequest]
    check_count(given, MOST_GRAPHS, "graphs")
    check_count(nodes, MOST_NODES, "nodes")
    check_count({(node.method, node.resource) for node in nodes}, MOST_KINDS, "different nodes")
    check_unique("graphId", (each.graphId for each in given))
    for graph in given:
        check_unique("referenceId", (each.referenceId for each in graph.compositeRequest))
        check_count(list(_levels(graph.compositeRequest)), DEEPEST, "levels of nodes that refer to each other")


def _levels(nodes: Sequence[Subrequest]) -> Iterator[list[Subrequest]]:
    """The nodes level by level, each after those it refers to; what refers in a circle comes last."""
    waiting = {node.referenceId: node for node in nodes}
    needs = {node.referenceId: names_in([node.url, node.body]) for node in nodes}
    while waiting:
        ready = [name for name in waiting if not needs[name] & (waiting.keys() - {name})]
        yield [waiting.pop(name) for name in ready or list(waiting)]
