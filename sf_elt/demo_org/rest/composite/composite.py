"""POST /composite: up to 25 subrequests, which may use each other's results, in their order.

Rules and limits are those of the REST API Developer Guide ("Composite", "`allOrNone` Parameters in Composite and
Collections Requests").
"""

from pydantic import BaseModel, ConfigDict
from starlette.requests import Request
from starlette.responses import Response

from sf_elt.demo_org.rest.composite.run import one_by_one, shown, together
from sf_elt.demo_org.rest.composite.subrequests import Subrequest, check_count, check_unique
from sf_elt.demo_org.rest.requests import json_of, read_body, reply

MOST_SUBREQUESTS, MOST_COLLECTIONS = 25, 5


class Composite(BaseModel):
    """The body. The order of the subrequests is kept, whether they may be collated or not."""

    model_config = ConfigDict(extra="forbid")

    compositeRequest: list[Subrequest]  # noqa: N815 - the client's spelling
    allOrNone: bool = False  # noqa: N815
    collateSubrequests: bool = True  # noqa: N815


async def composite(request: Request) -> Response:
    """POST /composite. With `allOrNone`, one subrequest that fails undoes all."""
    body = read_body(Composite, await json_of(request))
    given = body.compositeRequest
    check_count(given, MOST_SUBREQUESTS, "subrequests")
    check_count([each for each in given if each.is_collection], MOST_COLLECTIONS, "queries and collections")
    check_unique("referenceId", (each.referenceId for each in given))
    run = together if body.allOrNone else one_by_one
    return reply({"compositeResponse": shown(given, await run(request, given, Subrequest.fits_composite))})
