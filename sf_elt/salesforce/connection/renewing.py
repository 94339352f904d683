"""Sessions of connections that `sf-elt login` has signed in: one renewal at a time, whoever asks for it.

A refresh token may count once: the org gives the next one with each session, and who shows an old one loses them all
(Salesforce Help, "Force one-time-use Refresh Tokens"). So the next one is kept before its session is used, and who
comes second takes the session of who came first.
"""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from sf_elt.salesforce.connection import oauth
from sf_elt.salesforce.connection.bounds import Bounds
from sf_elt.salesforce.connection.kept_login import Kept, KeptLogin
from sf_elt.salesforce.connection.login import API_VERSION, Login
from sf_elt.salesforce.connection.oauth import Granted
from sf_elt.salesforce.connection.opening import open_session
from sf_elt.salesforce.connection.refused_logins import what_to_do
from sf_elt.salesforce.connection.transport import OrgTransport
from sf_elt.salesforce.errors import AuthenticationFailed

OF_A_LOGIN = Bounds(reply_bytes=1 << 20, reply_seconds=60.0)  # others wait meanwhile


def kept_session(place: KeptLogin, transport: OrgTransport, ended: str | None) -> tuple[Granted, bool]:
    """A session other than the one whose token has `ended`, and whether it was opened just now.

    Raises AuthenticationFailed where the login cannot be read, or the org refuses it; OrgUnavailable.
    """
    found = _other_than(ended, place.read())
    if found is not None:
        return found, False
    # In a thread of its own: a run that is cancelled, or Ctrl-C, must not fall between the org's answer and the file.
    with ThreadPoolExecutor(1, thread_name_prefix="renewing") as alone:
        return alone.submit(_renewed, place, transport, ended).result()


def login_of(kept: Kept, api_version: str = API_VERSION) -> Login:
    """The credentials of a kept login."""
    return Login(
        login_url=kept.login_url,
        username=None if kept.way == "client credentials" else kept.username or None,
        password=kept.password,
        security_token=kept.security_token,
        consumer_key=kept.consumer_key,
        consumer_secret=kept.consumer_secret,
        private_key=kept.private_key,
        api_version=api_version,
    )


def _renewed(place: KeptLogin, transport: OrgTransport, ended: str | None) -> tuple[Granted, bool]:
    with place.turn():
        kept = place.read()
        found = _other_than(ended, kept)
        if found is not None:
            return found, False
        place.write(kept)  # a full disk or a locked keyring is found out while the refresh token still counts
        brief = OrgTransport(transport.login, transport.meter, transport.patience, bounds=OF_A_LOGIN)
        granted = _granted(place, kept, brief)
        place.write(
            kept.renewed(
                access_token=granted.access_token,
                instance_url=granted.instance_url,
                refresh_token=granted.refresh_token,
                at=datetime.now(UTC),
            )
        )
        return granted, True


def _granted(place: KeptLogin, kept: Kept, transport: OrgTransport) -> Granted:
    login = login_of(kept, transport.login.api_version)
    if kept.refresh_token is None:
        return open_session(login, transport)
    try:
        return oauth.by_refresh_token(login, transport, kept.refresh_token)
    except AuthenticationFailed as error:
        if what_to_do(error):  # which a new login would not cure
            raise
        raise AuthenticationFailed(f"{error} Run `sf-elt login {place.name}`", code=error.code) from error


def _other_than(ended: str | None, kept: Kept) -> Granted | None:
    """The session that was kept, unless it is the one that has ended."""
    if kept.access_token is None or kept.access_token == ended:
        return None
    return Granted(kept.instance_url, kept.access_token)
