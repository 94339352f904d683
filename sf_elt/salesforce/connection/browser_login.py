"""A login in the browser: authorization code with PKCE, on a callback of this machine.

    granted = log_in_by_browser(login, transport, callback, show, patience=300)

`show` is given the address to open and, for whoever sits at another machine, what takes the address that their browser
was sent back to.
"""

import hmac
import re
from collections.abc import Callable
from html import unescape
from queue import Empty, Queue
from urllib.parse import parse_qsl, unquote_plus

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError

from sf_elt.salesforce.connection import oauth
from sf_elt.salesforce.connection.bounds import Bounds, in_time, watch_heads
from sf_elt.salesforce.connection.callback import Callback, Take, listening
from sf_elt.salesforce.connection.login import Login
from sf_elt.salesforce.connection.oauth import Granted
from sf_elt.salesforce.connection.transport import TIMEOUTS, OrgTransport, carried_by
from sf_elt.salesforce.errors import AuthenticationFailed, OrgUnavailable

Show = Callable[[str, Take], None]

DIRECT = {"http": ""}  # an address without TLS is one of this machine's, which no proxy of the environment reaches
REPLY_SECONDS = "SF_ELT_REPLY_SECONDS"
LONGEST_PAGE = 65_536  # bytes that are read of a page, in search of an error
_ERROR = re.compile(
    r"\b(redirect_uri_\w+|invalid_client\w*|invalid_scope|invalid_request|unsupported_response_type|app_not_found"
    r"|OAUTH_\w+)\b"
)


def log_in_by_browser(
    login: Login, transport: OrgTransport, callback: Callback, show: Show, *, patience: float
) -> Granted:
    """Waits so many seconds for a user to log in and let the app in.

    Raises AuthenticationFailed where the org does not know the app or its callback, the user says no or nothing, or
    the app gives no refresh token; OrgUnavailable where nobody answers.
    """
    verifier = oauth.new_verifier()
    address, state = oauth.authorization(login, callback=callback.url, verifier=verifier)
    _require_known_app(login, callback, address, transport.bounds)
    answered = _answer(login.login_url, callback, state, address, show, patience)
    told = _parameters(answered)
    if "error" in told:
        said = ": ".join(filter(None, [told["error"], told.get("error_description", "")]))
        raise AuthenticationFailed(f"{login.login_url} does not let the app in: {said}", code=told["error"])
    granted = oauth.by_code(login, transport, answered, callback=callback.url, state=state, verifier=verifier)
    if granted.refresh_token is None:
        oauth.revoke(login, transport, granted.access_token)
        raise AuthenticationFailed(
            "the app gives no refresh token: the login would end with its first session, in some hours"
        )
    return granted


def _answer(login_url: str, callback: Callback, state: str, address: str, show: Show, patience: float) -> str:
    """The address that the browser was sent back to, which carries our state."""
    answers: Queue[str] = Queue()
    strays: list[str] = []

    def take(answered: str) -> str:
        wrong = _what_is_wrong(answered.strip(), callback, state)
        if wrong:
            strays.append(wrong)
        else:
            answers.put(answered.strip())
        return wrong

    with listening(callback, take):
        show(address, take)
        try:
            return answers.get(timeout=patience)
        except Empty:
            came = f" What came was not it: {strays[-1]}" if strays else ""
            raise AuthenticationFailed(
                f"nobody has logged in within {patience:,.0f} seconds.{came} Where the browser says "
                f"redirect_uri_mismatch, the callback URL of the app is not {callback.url} to the letter. Where it "
                f"does not take the password, {login_url} may be the address of another org: sandboxes log in at "
                "https://test.salesforce.com"
            ) from None


def _what_is_wrong(answered: str, callback: Callback, state: str) -> str:
    if answered.partition("?")[0] != callback.url:
        return f"It is no address that begins with {callback.url}?"
    told = _parameters(answered)
    if not hmac.compare_digest(told.get("state", "").encode(), state.encode()):
        return "Its state is not that of this login: it belongs to another one, or somebody has made it up."
    return "" if told.keys() & {"code", "error"} else "It has neither a code nor an error."


def _parameters(answered: str) -> dict[str, str]:
    return dict(parse_qsl(answered.partition("?")[2], keep_blank_values=True))


def _require_known_app(login: Login, callback: Callback, address: str, bounds: Bounds) -> None:
    """Asks for the page before anybody is sent there: what is wrong with the app stands on it, and never comes back."""
    browser = HTTPAdapter()
    watch_heads(browser.poolmanager, bounds)
    try:
        with (
            carried_by(browser, requests.Session()) as http,
            http.get(address, stream=True, timeout=TIMEOUTS, allow_redirects=False, proxies=DIRECT) as page,
            in_time(page.raw.shutdown, bounds.reply_seconds, "GET /services/oauth2/authorize", REPLY_SECONDS),
        ):
            text = page.raw.read(LONGEST_PAGE, decode_content=True).decode(errors="replace")
            status, elsewhere = page.status_code, page.headers.get("Location", "")
    except (requests.RequestException, HTTPError, OSError) as error:
        kind = type(error).__name__  # what it says would hold the address
        raise OrgUnavailable(f"{login.login_url} does not answer ({kind}): is SALESFORCE_LOGIN_URL right?") from None
    found = _ERROR.search(unquote_plus(elsewhere)) or (_ERROR.search(text) if status >= 400 else None)
    if found is None and status < 400:
        return
    words = " ".join(unescape(re.sub(r"(?is)<(style|head)\b.*?</\1>|<[^>]*>", " ", unquote_plus(text))).split())
    if found is None:
        raise OrgUnavailable(f"{login.login_url} answers a login with {status}: {words[:160]}", status=status)
    raise AuthenticationFailed(
        f"{login.login_url} does not take this app (callback URL {callback.url}): {found[1]}: {words[:300]}",
        code=found[1],
    )
