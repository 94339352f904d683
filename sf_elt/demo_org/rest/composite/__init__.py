"""Several requests in one: /composite and what is below it, except the sObject Collections (`rest/collections.py`).

Subrequests go through `rest/dispatch.py`.

subrequests.py   what clients send as a subrequest, and which addresses it may name
references.py    `@{refAccount.id}`: results of earlier subrequests in later ones
run.py           running them one by one, or as one transaction
composite.py     POST /composite
graph.py         POST /composite/graph: sets of subrequests, each atomic
batch.py         POST /composite/batch
tree.py          POST /composite/tree/Account: records with their children
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sf_elt.demo_org.requests import version_of
from sf_elt.demo_org.rest.composite import batch, tree
from sf_elt.demo_org.rest.composite.composite import composite as post_composite
from sf_elt.demo_org.rest.composite.graph import graphs
from sf_elt.demo_org.rest.requests import reply


def routes() -> list[Route]:
    composite = "/services/data/{version}/composite"
    return [
        Route(composite, resources, methods=["GET"]),
        Route(composite, post_composite, methods=["POST"]),
        Route(f"{composite}/graph", graphs, methods=["POST"]),
        Route(f"{composite}/batch", batch.batch, methods=["POST"]),
        Route(f"{composite}/tree/{{object_name}}", tree.create, methods=["POST"]),
    ]


def resources(request: Request) -> Response:
    """GET /composite: what is below it."""
    address = f"/services/data/v{version_of(request)}/composite"
    return reply({name: f"{address}/{name}" for name in ("tree", "graph", "batch", "sobjects")})
