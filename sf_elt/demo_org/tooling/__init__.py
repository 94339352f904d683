"""The Tooling API under /services/data/vNN.0/tooling: custom fields and objects, and queries over the org's schema.

query.py           SOQL over the objects of metadata/catalog.py
records.py         custom fields and objects created, read, changed and deleted
service.py         what it says of itself, and what it refuses
"""

from starlette.routing import Route

from sf_elt.demo_org.metadata.catalog import Catalog
from sf_elt.demo_org.tooling import service
from sf_elt.demo_org.tooling.query import ToolingQueries
from sf_elt.demo_org.tooling.records import Components

_APEX = (
    "completions", "executeAnonymous", "runTestsAsynchronous", "runTestsSynchronous", "apexManifest", "search",
)  # fmt: skip


_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def routes() -> list[Route]:
    """The routes of one org; each call makes them with a catalog and query cursors of their own."""
    catalog = Catalog()
    queries, components = ToolingQueries(catalog), Components(catalog)
    tooling = "/services/data/{version}/tooling"
    sobject = f"{tooling}/sobjects/{{object_name}}"
    component = f"{sobject}/{{component_id}}"
    return [
        Route(tooling, service.resources),
        Route(f"{tooling}/query", queries.query),
        Route(f"{tooling}/query/{{locator}}", queries.more),
        Route(f"{tooling}/sobjects", service.all_objects),
        Route(f"{sobject}/describe", service.one_object),
        Route(sobject, service.summary, methods=["GET"]),
        Route(sobject, components.create, methods=["POST"]),
        Route(component, components.read, methods=["GET"]),
        Route(component, components.update, methods=["PATCH"]),
        Route(component, components.delete, methods=["DELETE"]),
        *(Route(f"{tooling}/{name}", service.apex, methods=["GET", "POST"]) for name in _APEX),
        Route("/services/apexrest/{path:path}", service.apex_rest, methods=list(_METHODS)),
    ]
