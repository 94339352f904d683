"""POST /composite/batch: up to 25 independent requests, one after the other, each for itself."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, JsonValue
from starlette.requests import Request
from starlette.responses import Response

from sf_elt.demo_org.errors import OrgError, not_found
from sf_elt.demo_org.org import org_of
from sf_elt.demo_org.requests import version_of
from sf_elt.demo_org.rest.composite.subrequests import Method, inherited
from sf_elt.demo_org.rest.dispatch import SubReply, dispatch, refusal
from sf_elt.demo_org.rest.requests import json_of, read_body, reply
from sf_elt.demo_org.versions import api_version

MOST_REQUESTS = 25
RESOURCES = ("limits", "sobjects", "query", "queryAll", "search")

_DATA = "/services/data/"
_HALTED = OrgError(
    412, "BATCH_PROCESSING_HALTED", "The batch request was halted because a previous subrequest was unsuccessful"
)
_SPENT = OrgError(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")


class BatchRequest(BaseModel):
    """One request of a batch. `url` starts with the version: v62.0/sobjects/Account/001…"""

    model_config = ConfigDict(extra="forbid")

    method: Method
    url: str
    richInput: JsonValue = None  # noqa: N815 - the client's spelling


class Batch(BaseModel):
    """The body of POST /composite/batch."""

    model_config = ConfigDict(extra="forbid")

    batchRequests: Annotated[list[BatchRequest], Field(max_length=MOST_REQUESTS)]  # noqa: N815
    haltOnError: bool = False  # noqa: N815


async def batch(request: Request) -> Response:
    """POST /composite/batch. What succeeded stays, whatever fails later. Each subrequest counts as an API call."""
    org, body = org_of(request), read_body(Batch, await json_of(request))
    replies: list[SubReply] = []
    for place, each in enumerate(body.batchRequests):
        if body.haltOnError and any(earlier.failed for earlier in replies):
            replies.append(refusal(_HALTED))
        elif place and not org.allowance.spend(org.clock()):  # the first is the batch's own call
            replies.append(refusal(_SPENT))
        else:
            replies.append(await _reply_to(request, each))
    results = [{"statusCode": each.status, "result": each.fragment} for each in replies]
    return reply({"hasErrors": any(each.failed for each in replies), "results": results})


async def _reply_to(request: Request, each: BatchRequest) -> SubReply:
    relative = each.url.removeprefix(_DATA).removeprefix("/")
    segment, _, resource = relative.partition("/")
    version = api_version(segment)
    if version is None or resource.partition("?")[0].partition("/")[0] not in RESOURCES:
        return refusal(not_found())
    if float(version) > float(version_of(request)):
        message = f"The version of a subrequest cannot be later than that of the batch: {each.url}"
        return refusal(OrgError(400, "INVALID_BATCH_REQUEST", message))
    return await dispatch(request, each.method, _DATA + relative, each.richInput, inherited(request))
