"""/services/oauth2/authorize: the pages on which a user logs in and lets an app in, and the way back to the app.

The address and its parameters are those of "OAuth 2.0 Web Server Flow" and "User-Agent Flow". Errors that the app can
be told go to its callback, the others to the page that the user sees.
"""

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import urlencode, urlsplit, urlunsplit

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from sf_elt.demo_org.auth.apps import SUCCESS, NoSuchScope, scopes_for
from sf_elt.demo_org.auth.browsers import Asked, new_cookie
from sf_elt.demo_org.auth.codes import CHALLENGE, Consent
from sf_elt.demo_org.auth.grants import with_refresh_token
from sf_elt.demo_org.auth.hosts import address_of, check_login_host, host_of
from sf_elt.demo_org.auth.pages import oauth_error, page
from sf_elt.demo_org.auth.replies import Granted, token_reply, with_id_token
from sf_elt.demo_org.auth.users import LoginRefused, User
from sf_elt.demo_org.org import Org, org_of

AUTHORIZE = "/services/oauth2/authorize"
TRY_AGAIN = "Please check your username and password. If you still can't log in, contact your Salesforce administrator."
SCOPE_TEXTS = {
    "api": "Manage user data via APIs (api)",
    "full": "Full access (full)",
    "id": "Access the identity URL service (id, profile, email, address, phone)",
    "openid": "Access unique user identifiers (openid)",
    "refresh_token": "Perform requests at any time (refresh_token, offline_access)",
    "web": "Manage user data via Web browsers (web)",
}
SAME_TEXT = {"profile": "id", "email": "id", "offline_access": "refresh_token"}


def routes() -> list[Route]:
    return [
        Route(AUTHORIZE, authorize, methods=["GET", "POST"]),
        Route(f"{AUTHORIZE}/login", login, methods=["POST"]),
        Route(f"{AUTHORIZE}/consent", consent, methods=["POST"]),
    ]


class CannotAsk(Exception):
    """A request that the user is not asked about. `asked` is None where it is not known whom to tell."""

    def __init__(self, error: str, description: str, asked: Asked | None = None) -> None:
        super().__init__(f"{error}: {description}")
        self.error = error
        self.description = description
        self.asked = asked


async def authorize(request: Request) -> Response:
    """Where an app sends its user: to log in, to consent, or straight back where both were done before."""
    given = dict(request.query_params) | await read_form(request)
    try:
        asked = _checked(org_of(request), given)
    except CannotAsk as refusal:
        if refusal.asked is None:
            return oauth_error(request, refusal.error, refusal.description)
        return _refuse(refusal.asked, refusal.error, refusal.description)
    silent = given.get("immediate") == "true" or "none" in asked.prompt
    return await run_in_threadpool(_go_on, request, asked, silent=silent)


async def login(request: Request) -> Response:
    """The login form."""
    form = await read_form(request)
    asked = _question(request, form)
    if asked is None:
        return _stale(request)
    return await run_in_threadpool(_log_in, request, asked, form)


async def consent(request: Request) -> Response:
    """The consent form: `decision` is allow, deny, or switch to another user."""
    form = await read_form(request)
    asked, cookie = _question(request, form), _cookie(request)
    if asked is None:
        return _stale(request)
    org = org_of(request)
    org.browsers.forget_question(form["request"])
    user_id = org.browsers.user_of(cookie, org.clock())
    if form.get("decision") == "deny":
        return _refuse(asked, "access_denied", "end-user denied authorization")
    if form.get("decision") == "switch" or user_id is None:
        org.browsers.log_out(cookie)
        return _login_page(request, asked)
    if form.get("decision") != "allow":
        return _stale(request)
    org.sessions.approve(asked.app.client_id, user_id, asked.scopes)
    return await run_in_threadpool(_go_on, request, asked.without_prompt("consent"))


def _checked(org: Org, given: Mapping[str, str]) -> Asked:
    """The request, if the user can be asked about it. Raises CannotAsk."""
    app = org.apps.get(given.get("client_id", ""))
    if app is None:
        raise CannotAsk("invalid_client_id", "client identifier invalid")
    redirect_uri = given.get("redirect_uri", "")
    if not redirect_uri:
        raise CannotAsk("redirect_uri_missing", "redirect_uri not provided")
    own_success = f"{org.instance_url}{SUCCESS}"
    if not app.takes_callback(redirect_uri) and not (redirect_uri == own_success and app.callback_urls):
        raise CannotAsk("redirect_uri_mismatch", "redirect_uri must match configuration")
    challenge = given.get("code_challenge", "")
    if app.pkce_required and not challenge:
        raise CannotAsk("invalid_request", "missing required code challenge")
    asked = Asked(
        app=app,
        redirect_uri=redirect_uri,
        response_type=" ".join(sorted(given.get("response_type", "").split(), reverse=True)),
        scopes=(),
        state=given.get("state"),
        code_challenge=challenge,
        nonce=given.get("nonce", ""),
        prompt=frozenset(given.get("prompt", "").split()),
        login_hint=given.get("login_hint", ""),
        display=given.get("display", "page"),
    )
    if asked.response_type not in ("code", "token", "token id_token"):
        raise CannotAsk("unsupported_response_type", "response type not supported", asked)
    if challenge and (given.get("code_challenge_method", "S256") != "S256" or not CHALLENGE.fullmatch(challenge)):
        raise CannotAsk("invalid_request", "invalid code challenge", asked)
    try:
        scopes = scopes_for(app, given.get("scope", ""))
    except NoSuchScope:
        raise CannotAsk("invalid_scope", "the requested scope is invalid, unknown, or malformed", asked) from None
    if asked.response_type == "token id_token" and "openid" not in scopes:
        raise CannotAsk("invalid_scope", "id_token is given for the scope openid only", asked)
    return replace(asked, scopes=scopes)


def _go_on(request: Request, asked: Asked, *, silent: bool = False, cookie: str | None = None) -> Response:
    """The next step for this browser. `cookie` is the one that it is about to get."""
    org = org_of(request)
    cookie = _cookie(request) if cookie is None else cookie
    user_id = None if asked.prompt & {"login", "select_account"} else org.browsers.user_of(cookie, org.clock())
    user = org.users.with_id(user_id) if user_id else None
    if user is None or not user.is_active:
        if silent:
            return _refuse(asked, "immediate_unsuccessful", "immediate unsuccessful")
        return _login_page(request, asked)
    admin_approved = asked.app.approves(user.username)
    if asked.app.permitted_users == "admin-approved" and not admin_approved:
        return _refuse(asked, "OAUTH_APP_ACCESS_DENIED", "user is not admin approved to access this app")
    known = org.sessions.approved(asked.app.client_id, user.id, asked.scopes)
    known = known or asked.app.permitted_users == "admin-approved"
    if known and "consent" not in asked.prompt:
        return _send_back(asked, _answer(request, asked, user))
    if silent:
        return _refuse(asked, "immediate_unsuccessful", "immediate unsuccessful")
    return _consent_page(request, asked, user, cookie)


def _log_in(request: Request, asked: Asked, form: Mapping[str, str]) -> Response:
    org = org_of(request)
    username = form.get("username", "").strip()
    try:
        check_login_host(org, host_of(request))
        user = org.users.log_in(username, form.get("password", ""))
    except LoginRefused:
        return _login_page(request, asked, username=username, message=TRY_AGAIN)
    org.browsers.forget_question(form["request"])
    org.browsers.log_out(_cookie(request))
    cookie = org.browsers.log_in(user.id, org.clock())
    return _with_cookie(
        request, _go_on(request, asked.without_prompt("login", "select_account"), cookie=cookie), cookie
    )


def _login_page(request: Request, asked: Asked, *, username: str | None = None, message: str = "") -> Response:
    cookie = _cookie(request) or new_cookie()
    reply = page(
        request,
        "login.html",
        display=asked.display,
        app=asked.app.name,
        username=asked.login_hint if username is None else username,
        message=message,
        request_id=org_of(request).browsers.ask(cookie, asked),
    )
    return _with_cookie(request, reply, cookie)


def _consent_page(request: Request, asked: Asked, user: User, cookie: str) -> Response:
    texts = dict.fromkeys(SCOPE_TEXTS[SAME_TEXT.get(scope, scope)] for scope in asked.scopes)
    return page(
        request,
        "consent.html",
        display=asked.display,
        app=asked.app.name,
        username=user.username,
        scopes=list(texts),
        request_id=org_of(request).browsers.ask(cookie, asked),
    )


def _answer(request: Request, asked: Asked, user: User) -> dict[str, str]:
    """What the app is told: a code, or in the user-agent flow the tokens themselves."""
    org = org_of(request)
    if asked.response_type == "code":
        granted_consent = Consent(
            user.id, asked.app.client_id, asked.redirect_uri, asked.scopes, asked.code_challenge, asked.nonce
        )
        return {"code": org.codes.issue(granted_consent, org.clock())}
    granted = Granted(org, address_of(request), asked.app, user, asked.scopes, nonce=asked.nonce)
    parts = urlsplit(asked.redirect_uri)
    to_a_device = parts.scheme not in ("http", "https") or parts.path == SUCCESS
    reply = with_refresh_token(granted) if to_a_device else token_reply(granted)
    return with_id_token(granted, reply) if "id_token" in asked.response_type else reply


def _refuse(asked: Asked, error: str, description: str) -> Response:
    return _send_back(asked, {"error": error, "error_description": description})


def _send_back(asked: Asked, answer: Mapping[str, str]) -> Response:
    """The browser goes to the app's callback, with the answer and the app's `state`."""
    told = dict(answer) | ({} if asked.state is None else {"state": asked.state})
    parts = urlsplit(asked.redirect_uri)
    if asked.in_fragment:
        address = urlunsplit(parts._replace(fragment=urlencode(told)))
    else:
        query = "&".join(each for each in (parts.query, urlencode(told)) if each)
        address = urlunsplit(parts._replace(query=query))
    return RedirectResponse(address, 303, {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})


def _stale(request: Request) -> Response:
    """A form that was answered already, has been forgotten, or was put to another browser."""
    return oauth_error(
        request,
        "OAUTH_APPROVAL_ERROR_GENERIC",
        "An unexpected error has occurred during authentication. Please try again.",
    )


def _question(request: Request, form: Mapping[str, str]) -> Asked | None:
    return org_of(request).browsers.question(form.get("request", ""), _cookie(request))


async def read_form(request: Request) -> dict[str, str]:
    """The form of a POST; an unreadable one is an empty one, which answers nothing."""
    try:
        return {name: value for name, value in (await request.form()).items() if isinstance(value, str)}
    except HTTPException:
        return {}


def _cookie(request: Request) -> str:
    return request.cookies.get(cookie_name(org_of(request)), "")


def cookie_name(org: Org) -> str:
    """One for each org: browsers keep cookies by host, and several orgs may run on this one."""
    return f"demo-org-{urlsplit(org.instance_url).port}"


def _with_cookie(request: Request, reply: Response, cookie: str) -> Response:
    secure = address_of(request).startswith("https:")
    reply.set_cookie(cookie_name(org_of(request)), cookie, httponly=True, samesite="lax", secure=secure)
    return reply
