"""What a browser finds at the addresses of Salesforce's user interface, which this org does not have.

/                         what this is, and where its API is
/secur/frontdoor.jsp      where tools open a browser with a session: shows whose session it is
/secur/logout.jsp         ends the login of this browser
/services/oauth2/success  where apps without an address of their own read the answer off the browser
"""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sf_elt.demo_org.auth.apps import SUCCESS
from sf_elt.demo_org.auth.authorize import cookie_name, read_form
from sf_elt.demo_org.auth.pages import message
from sf_elt.demo_org.org import org_of
from sf_elt.demo_org.versions import NEWEST


def routes() -> list[Route]:
    return [
        Route("/", home, methods=["GET"]),
        Route("/secur/frontdoor.jsp", front_door, methods=["GET", "POST"]),
        Route("/secur/logout.jsp", log_out, methods=["GET", "POST"]),
        Route(SUCCESS, success, methods=["GET"]),
    ]


async def home(request: Request) -> Response:
    return message(
        request,
        "This org has an API only",
        f"There is no user interface here. REST clients find the data under /services/data/v{NEWEST}.0.",
        "Tests make it misbehave under /demo; docs/demo-org.md has the clients and the levers.",
    )


async def front_door(request: Request) -> Response:
    """Says who a session Id speaks for; 403 for one that is not live."""
    return await run_in_threadpool(_front_door, request, dict(request.query_params) | await read_form(request))


def _front_door(request: Request, given: dict[str, str]) -> Response:
    org = org_of(request)
    session = org.sessions.find(given.get("sid", ""), org.clock())
    user = org.users.with_id(session.user_id) if session else None
    if user is None:
        return message(request, "Session expired or invalid", "Log in again to get a new session.", status=403)
    return message(
        request,
        "This org has an API only",
        f"The session is good: it is {user.username}'s.",
        "There is nothing to see.",
    )


async def log_out(request: Request) -> Response:
    org = org_of(request)
    org.browsers.log_out(request.cookies.get(cookie_name(org), ""))
    reply = message(request, "You are logged out", "Sessions of applications go on until they are revoked.")
    reply.delete_cookie(cookie_name(org))
    return reply


async def success(request: Request) -> Response:
    return message(request, "Authorization successful", "You can close this window and return to the application.")
