"""What a browser finds at the addresses of Salesforce's user interface, which this org does not have.

/                         what this is, and where its API is
/secur/frontdoor.jsp      where tools open a browser: shows whose session, or one-time password, it was given
/services/oauth2/singleaccess  what `sf org open` asks for: that address with a one-time password
/secur/logout.jsp         ends the login of this browser
/services/oauth2/success  where apps without an address of their own read the answer off the browser
"""

import secrets
from datetime import datetime, timedelta
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sf_elt.demo_org.auth.apps import SUCCESS
from sf_elt.demo_org.auth.authorize import cookie_name, read_form
from sf_elt.demo_org.auth.hosts import address_of
from sf_elt.demo_org.auth.identity import speaker
from sf_elt.demo_org.auth.pages import message
from sf_elt.demo_org.org import org_of
from sf_elt.demo_org.versions import NEWEST

PASSWORD_LIFE = timedelta(minutes=1)
MOST_PASSWORDS = 1_000


def routes() -> list[Route]:
    """The routes of one org; each call makes them with one-time passwords of their own."""
    front_door = FrontDoor()
    return [
        Route("/", home, methods=["GET"]),
        Route("/services/oauth2/singleaccess", front_door.give, methods=["GET", "POST"]),
        Route("/secur/frontdoor.jsp", front_door.open, methods=["GET", "POST"]),
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


class FrontDoor:
    """Opens to a session Id, and to the one-time passwords that it gives to sessions."""

    def __init__(self) -> None:
        self._given: dict[str, tuple[str, datetime]] = {}  # one-time password -> user Id, until when; oldest first

    async def give(self, request: Request) -> Response:
        """An address that opens the door once, for a while; `redirect_uri` is where to go from there."""
        found = await run_in_threadpool(speaker, request)
        if isinstance(found, Response):
            return found
        given = dict(request.query_params) | await read_form(request)
        password = secrets.token_urlsafe(48)
        self._given[password] = (found.id, org_of(request).clock() + PASSWORD_LIFE)
        while len(self._given) > MOST_PASSWORDS:
            del self._given[next(iter(self._given))]
        query = {"otp": password, "startURL": given.get("redirect_uri", "/"), "cshc": secrets.token_urlsafe(12)}
        return JSONResponse({"frontdoor_uri": f"{address_of(request)}/secur/frontdoor.jsp?{urlencode(query)}"})

    async def open(self, request: Request) -> Response:
        """Says who comes in; 403 for a session or one-time password that is not live."""
        given = dict(request.query_params) | await read_form(request)
        return await run_in_threadpool(self._open, request, given)

    def _open(self, request: Request, given: dict[str, str]) -> Response:
        org = org_of(request)
        user_id, until = self._given.pop(given.get("otp", ""), ("", org.clock()))
        session = org.sessions.find(given.get("sid", ""), org.clock())
        user = org.users.with_id(session.user_id if session else user_id if org.clock() < until else "")
        if user is None or not user.is_active:
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
