"""The REST API under /services/data.

`routes()` gives the addresses; logging in, the daily allowance and the JSON body of errors are the application's.

    service.py                                       versions, resources, limits
    describes.py, pages.py, automation.py            objects, their layouts; tabs, list views, actions: there are none
    query.py, columns.py, explain.py                 SOQL: pages of records, `columns=true`, `explain=`
    time_limit.py, viewed.py                         how long a query may run; FOR VIEW
    search.py                                        SOSL
    records.py, related.py, collections.py           one record; what hangs on it; up to 200 in a call
    read.py, conditions.py, refusals.py              reading by Id; If-Modified-Since; why a record is not saved
    replication.py, passwords.py                     /updated and /deleted; /password
    composite/, dispatch.py                          several requests in one; a request inside another
    requests.py                                      what handlers read from a request, and how they reply
"""

from starlette.routing import Route

from sf_elt.demo_org.rest import (
    automation,
    collections,
    composite,
    describes,
    pages,
    passwords,
    records,
    replication,
    search,
    service,
)
from sf_elt.demo_org.rest.query import Queries
from sf_elt.demo_org.rest.related import Related


def routes() -> list[Route]:
    """The routes of one org; each call makes them with query cursors of their own."""
    queries = Queries()
    about_objects = describes.Describes()
    data = "/services/data/{version}"
    collection = f"{data}/composite/sobjects"
    sobject = f"{data}/sobjects/{{object_name}}"
    return [
        Route("/services/data", service.versions),
        Route("/services/data/", service.versions),
        Route(data, service.resources),
        Route(f"{data}/limits", service.limits),
        Route(f"{data}/limits/recordCount", service.record_count),
        Route(f"{data}/recent", service.recent),
        Route(f"{data}/actions", automation.actions),
        Route(f"{data}/actions/standard", automation.no_actions),
        Route(f"{data}/actions/custom", automation.custom_actions),
        *(Route(f"{data}/actions/custom/{kind}", automation.no_actions) for kind in automation.KINDS_OF_ACTIONS),
        Route(f"{data}/process/approvals", automation.approvals, methods=["GET"]),
        Route(f"{data}/process/rules", automation.rules, methods=["GET"]),
        Route(f"{data}/tabs", pages.tabs),
        Route(f"{data}/theme", pages.theme),
        Route(f"{data}/quickActions", pages.actions),
        Route(f"{data}/quickActions/{{name:path}}", pages.none_such),
        Route(f"{data}/query", queries.query),
        Route(f"{data}/queryAll", queries.query_all),
        Route(f"{data}/query/{{locator}}", queries.more),
        Route(f"{data}/queryAll/{{locator}}", queries.more),
        Route(f"{data}/search", search.search),
        Route(f"{data}/parameterizedSearch", search.search_by_address, methods=["GET"]),
        Route(f"{data}/parameterizedSearch", search.search_by_body, methods=["POST"]),
        *composite.routes(),
        Route(collection, collections.create, methods=["POST"]),
        Route(collection, collections.update, methods=["PATCH"]),
        Route(collection, collections.delete, methods=["DELETE"]),
        Route(f"{collection}/{{object_name}}", collections.retrieve, methods=["GET"]),
        Route(f"{collection}/{{object_name}}", collections.retrieve_many, methods=["POST"]),
        Route(f"{collection}/{{object_name}}/{{key}}", collections.upsert, methods=["PATCH"]),
        Route(f"{data}/sobjects", about_objects.all_objects),
        Route(f"{sobject}/describe", about_objects.one_object),
        Route(f"{sobject}/describe/layouts", describes.layouts),
        Route(f"{sobject}/describe/layouts/{{record_type_id}}", describes.layout_of_record_type),
        Route(f"{sobject}/describe/compactLayouts", describes.compact_layouts),
        Route(f"{sobject}/describe/approvalLayouts", describes.approval_layouts),
        Route(f"{sobject}/describe/{{name:path}}", pages.none_such),
        Route(f"{sobject}/listviews", pages.list_views),
        Route(f"{sobject}/listviews/{{name:path}}", pages.none_such),
        Route(f"{sobject}/quickActions", pages.actions_of_object),
        Route(f"{sobject}/quickActions/{{name:path}}", pages.none_such),
        Route(sobject, describes.summary, methods=["GET"]),
        Route(sobject, records.create, methods=["POST"]),
        Route(f"{sobject}/updated", replication.updated),
        Route(f"{sobject}/deleted", replication.deleted),
        *(
            Route(f"{data}/sobjects/{user}/{{record_id}}/password", handler, methods=[method])
            for user in ("User", "user")  # nforce writes all names small
            for method, handler in (
                ("GET", passwords.expiry),
                ("POST", passwords.choose),
                ("DELETE", passwords.reset),
            )
        ),
        Route(f"{sobject}/{{record_id}}", records.read, methods=["GET"]),
        Route(f"{sobject}/{{record_id}}", records.update, methods=["PATCH"]),
        Route(f"{sobject}/{{record_id}}", records.create_by_id, methods=["POST"]),
        Route(f"{sobject}/{{record_id}}", records.delete, methods=["DELETE"]),
        Route(f"{sobject}/{{key}}/{{value:path}}", Related(queries).read, methods=["GET"]),
        Route(f"{sobject}/{{key}}/{{value:path}}", records.upsert, methods=["PATCH"]),
        Route(f"{sobject}/{{key}}/{{value:path}}", records.delete_by_key, methods=["DELETE"]),
    ]
