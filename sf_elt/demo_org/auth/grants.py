"""The grants of the token endpoint: from what a client sends to a session, or the reason why not.

Refusals are worded as recorded from real orgs and listed in "OAuth 2.0 Authorization Errors".
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from sf_elt.demo_org.auth.apps import ConnectedApp, NoSuchScope, scopes_for
from sf_elt.demo_org.auth.codes import proves
from sf_elt.demo_org.auth.hosts import PRODUCTION, SANDBOX, audiences, check_login_host
from sf_elt.demo_org.auth.jwt_bearer import AssertionRefused, read_assertion
from sf_elt.demo_org.auth.replies import Granted, Reply, token_reply, with_id_token
from sf_elt.demo_org.auth.users import LoginRefused, User, must_be_active
from sf_elt.demo_org.org import Org

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


class GrantRefused(Exception):
    """No token. `error` and `description` become the body of the 400."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(f"{error}: {description}")
        self.error = error
        self.description = description


@dataclass(frozen=True)
class TokenRequest:
    """What a client sends: its parameters, the name of the host it asked and the address it reaches the org by."""

    org: Org
    host: str
    address: str
    parameters: Mapping[str, str] = field(repr=False)

    def __getitem__(self, name: str) -> str:
        """A parameter; empty where it is missing."""
        return self.parameters.get(name, "")


def grant(request: TokenRequest) -> Reply:
    """The reply of the token endpoint. Raises GrantRefused."""
    one = GRANTS.get(request["grant_type"])
    if one is None:
        raise GrantRefused("unsupported_grant_type", "grant type not supported")
    try:
        check_login_host(request.org, request.host)
        return one(request)
    except LoginRefused as refusal:
        raise GrantRefused(refusal.error, refusal.description) from refusal


def _authorization_code(request: TokenRequest) -> Reply:
    """A code from the authorize page, with the verifier of its PKCE challenge, the app's secret, or both."""
    app = _app(request)
    try:
        consent = request.org.codes.spend(request["code"], request.org.clock())
    except KeyError:
        raise GrantRefused("invalid_grant", "invalid authorization code") from None
    if consent is None:
        raise GrantRefused("invalid_grant", "expired authorization code")
    if consent.client_id != app.client_id:
        raise GrantRefused("invalid_grant", "invalid authorization code")
    if consent.redirect_uri != request["redirect_uri"]:
        raise GrantRefused("redirect_uri_mismatch", "redirect_uri must match configuration")
    if bool(consent.code_challenge) != bool(request["code_verifier"]):
        raise GrantRefused("invalid_grant", "invalid code verifier")
    if consent.code_challenge and not proves(request["code_verifier"], consent.code_challenge):
        raise GrantRefused("invalid_grant", "invalid code verifier")
    _check_secret(request, app, needed=app.secret_required or not consent.code_challenge)
    user = _user(request, request.org.users.with_id(consent.user_id))
    granted = Granted(request.org, request.address, app, user, consent.scopes, nonce=consent.nonce)
    return with_id_token(granted, with_refresh_token(granted))


def _refresh_token(request: TokenRequest) -> Reply:
    app = _app(request)
    _check_secret(request, app, needed=app.secret_required)
    org = request.org
    org.sessions.end_family_of_spent(request["refresh_token"])
    issued = org.sessions.refresh_token(request["refresh_token"])
    if issued is None or issued.client_id != app.client_id:
        raise GrantRefused("invalid_grant", "expired access/refresh token")
    user = _user(request, org.users.with_id(issued.user_id))
    _check_permitted(app, user)
    scopes = tuple(request["scope"].split()) or issued.scopes
    if not set(scopes) <= set(issued.scopes):
        raise GrantRefused("invalid_scope", "the requested scope is invalid, unknown, or malformed")
    if app.refresh_tokens != "rotate":
        granted = Granted(org, request.address, app, user, scopes, issued.token)
        return with_id_token(granted, token_reply(granted))
    new = org.sessions.replace_refresh_token(issued, org.clock())
    if new is None:
        raise GrantRefused("invalid_grant", "expired access/refresh token")
    granted = Granted(org, request.address, app, user, scopes, new.token)
    return with_id_token(granted, token_reply(granted)) | {"refresh_token": new.token}


def _password(request: TokenRequest) -> Reply:
    """A user's name and password. No refresh token: who has the password does not need one."""
    app = _app(request)
    _check_secret(request, app)
    user = _user(request, request.org.users.log_in(request["username"], request["password"]))
    _check_permitted(app, user)
    return token_reply(Granted(request.org, request.address, app, user, _scopes(request, app)))


def _jwt_bearer(request: TokenRequest) -> Reply:
    """A signed assertion for a user who has let the app in, or whom an administrator has. No refresh token."""
    try:
        assertion = read_assertion(request["assertion"])
        app = request.org.apps.get(assertion.issuer)
        if app is None:
            raise GrantRefused("invalid_client_id", "client identifier invalid")
        if app.certificate is None:
            raise GrantRefused("invalid_grant", "invalid assertion")
        known = audiences(request.org, request.address)
        username = assertion.check(app.certificate, known, request.org.clock.without_advances())
    except AssertionRefused as refusal:
        raise GrantRefused("invalid_grant", refusal.description) from refusal
    user = request.org.users.named(username)
    if user is None:
        raise GrantRefused("invalid_grant", "user hasn't approved this consumer")
    _check_permitted(app, user)
    if not app.approves(user.username) and not request.org.sessions.approved(app.client_id, user.id):
        raise GrantRefused("invalid_grant", "user hasn't approved this consumer")
    reply = token_reply(Granted(request.org, request.address, app, _user(request, user), _scopes(request, app)))
    return {name: value for name, value in reply.items() if name not in ("issued_at", "signature")}


def _client_credentials(request: TokenRequest) -> Reply:
    """The app itself, as the user it is set up to run as. Served at the org's own address only."""
    if request.host in (PRODUCTION, SANDBOX):
        raise GrantRefused("invalid_grant", "request not supported on this domain")
    app = _app(request)
    _check_secret(request, app)
    if app.run_as is None:
        raise GrantRefused("invalid_grant", "no client credentials user enabled")
    user = _user(request, request.org.users.named(app.run_as))
    _check_permitted(app, user)
    unfit = ("refresh_token", "offline_access", "full", "web")
    scopes = tuple(scope for scope in _scopes(request, app) if scope not in unfit)
    return token_reply(Granted(request.org, request.address, app, user, scopes))


GRANTS: dict[str, Callable[[TokenRequest], Reply]] = {
    "authorization_code": _authorization_code,
    "refresh_token": _refresh_token,
    "password": _password,
    JWT_BEARER: _jwt_bearer,
    "client_credentials": _client_credentials,
}


def with_refresh_token(granted: Granted) -> Reply:
    """The reply, with a refresh token where the scopes and the app allow one."""
    if not granted.wants_refresh_token():
        return token_reply(granted)
    org = granted.org
    issued = org.sessions.issue_refresh_token(
        granted.user.id, org.clock(), client_id=granted.app.client_id, scopes=granted.scopes
    )
    return token_reply(replace(granted, refresh_token=issued.token)) | {"refresh_token": issued.token}


def _app(request: TokenRequest) -> ConnectedApp:
    app = request.org.apps.get(request["client_id"])
    if app is None:
        raise GrantRefused("invalid_client_id", "client identifier invalid")
    return app


def _check_secret(request: TokenRequest, app: ConnectedApp, *, needed: bool = True) -> None:
    """A wrong secret is refused always, a missing one where it is needed and the app has one."""
    given = request["client_secret"]
    if app.client_secret is None and not given:
        return
    if (given or needed) and not app.takes_secret(given):
        raise GrantRefused("invalid_client", "invalid client credentials")


def _check_permitted(app: ConnectedApp, user: User) -> None:
    if app.permitted_users == "admin-approved" and not app.approves(user.username):
        raise GrantRefused("invalid_app_access", "user is not admin approved to access this app")


def _user(request: TokenRequest, user: User | None) -> User:
    """A user whose record is still there and active, and who may log in from where this request is from."""
    if user is None:
        raise GrantRefused("invalid_grant", "authentication failure")
    if request.org.users.ip_restricted(user.id):
        raise GrantRefused("invalid_grant", "ip restricted")
    return must_be_active(user)


def _scopes(request: TokenRequest, app: ConnectedApp) -> tuple[str, ...]:
    try:
        return scopes_for(app, request["scope"])
    except NoSuchScope:
        raise GrantRefused("invalid_scope", "the requested scope is invalid, unknown, or malformed") from None
