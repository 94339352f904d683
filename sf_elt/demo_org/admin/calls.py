"""/demo/calls: what clients asked of the org."""

import re
from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sf_elt.demo_org.admin.bodies import not_understood
from sf_elt.demo_org.calls import CallFilter
from sf_elt.demo_org.org import org_of

FILTERS = ("path", "method", "status", "since")


def routes() -> list[Route]:
    return [
        Route("/calls", show, methods=["GET"]),
        Route("/calls/summary", summarize, methods=["GET"]),
        Route("/calls", forget, methods=["DELETE"]),
    ]


async def show(request: Request) -> Response:
    wanted, record = _wanted(request), org_of(request).calls
    if isinstance(wanted, Response):
        return wanted
    return JSONResponse({"total": record.total, "calls": [call.as_dict() for call in record.kept(wanted)]})


async def summarize(request: Request) -> Response:
    wanted = _wanted(request)
    if isinstance(wanted, Response):
        return wanted
    return JSONResponse([asdict(count) for count in org_of(request).calls.summary(wanted)])


async def forget(request: Request) -> Response:
    org_of(request).calls.clear()
    return Response(status_code=204)


def _wanted(request: Request) -> CallFilter | Response:
    """The filters in the query of the address, or the answer that says what is wrong with them."""
    given = dict(request.query_params)
    if unknown := [name for name in given if name not in FILTERS]:
        return not_understood(f"no such filter: {', '.join(unknown)}; there are {', '.join(FILTERS)}")
    since, status = given.get("since", "0"), given.get("status")
    if not re.fullmatch(r"[0-9]{1,18}", since):
        return not_understood(f"since is the number of a call, not {since}")
    if status is not None and not re.fullmatch(r"\d(\d\d|xx)", status):
        return not_understood(f"status is a number such as 401, or 4xx, not {status}")
    try:
        path = re.compile(given["path"]) if "path" in given else None
    except (re.error, RecursionError) as error:
        return not_understood(f"path is not a regular expression: {error}")
    return CallFilter(path, given.get("method"), status, int(since))
