"""Sessions of connections that `sf-elt login` has signed in: one renewal at a time, whoever asks for it.

A refresh token may count once: the org gives the next one with each session, and who shows an old one loses them all
(Salesforce Help, "Force one-time-use Refresh Tokens"). So the next one is kept before its session is used, and who
comes second takes the session of who came first. Where there is suddenly no room for it, or no keyring, this process
holds it, and goes on.
"""

import atexit
import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from sf_elt.salesforce.connection import oauth
from sf_elt.salesforce.connection.addresses import in_lower_case
from sf_elt.salesforce.connection.bounds import Bounds
from sf_elt.salesforce.connection.kept_login import Kept, KeptLogin
from sf_elt.salesforce.connection.login import API_VERSION, Login
from sf_elt.salesforce.connection.oauth import Granted
from sf_elt.salesforce.connection.opening import open_session
from sf_elt.salesforce.connection.refused_logins import what_to_do
from sf_elt.salesforce.connection.transport import OrgTransport
from sf_elt.salesforce.errors import AuthenticationFailed, SalesforceError

log = logging.getLogger(__name__)

OF_A_LOGIN = Bounds(reply_bytes=1 << 20, reply_seconds=60.0)  # others wait meanwhile

_held: dict[KeptLogin, tuple[Kept, Kept]] = {}
"""By its place: the login as it is kept, and the newer one that could not be kept."""


def kept_session(place: KeptLogin, transport: OrgTransport, ended: str | None) -> tuple[Granted, bool]:
    """A session other than the one whose token has `ended`, and whether it was opened just now.

    Raises AuthenticationFailed where the login cannot be read, or the org refuses it; OrgUnavailable.
    """
    found = _other_than(ended, _newest(place))
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
        kept = _newest(place)
        found = _other_than(ended, kept)
        if found is not None:
            return found, False
        place.write(kept)  # a full disk or a locked keyring is found out while the refresh token still counts
        _held.pop(place, None)
        brief = OrgTransport(transport.login, transport.meter, transport.patience, bounds=OF_A_LOGIN)
        granted = _granted(place, kept, brief)
        newer = kept.renewed(
            access_token=granted.access_token,
            instance_url=granted.instance_url,
            refresh_token=granted.refresh_token,
            at=datetime.now(UTC),
        )
        try:
            place.write(newer)
        except AuthenticationFailed as error:
            _hold(place, kept, newer, error)
        return granted, True


def _newest(place: KeptLogin) -> Kept:
    """What is kept, or the newer one that this process holds, unless somebody has kept another one since, or none.

    Raises AuthenticationFailed where somebody has logged out, or what is kept cannot be read and nothing is held.
    """
    held = _held.get(place)
    try:
        kept = place.read()
    except AuthenticationFailed:
        if held is None or _is_forgotten(place):
            raise
        return held[1]
    return held[1] if held is not None and kept == held[0] else kept


def _is_forgotten(place: KeptLogin) -> bool:
    """Whether nothing is kept there: somebody has logged out. What is there and cannot be read is not forgotten."""
    try:
        return place.about is None
    except AuthenticationFailed:
        return False


def _hold(place: KeptLogin, kept: Kept, newer: Kept, error: AuthenticationFailed) -> None:
    if not _held:
        atexit.unregister(keep_what_is_held)
        atexit.register(keep_what_is_held)
    _held[place] = (kept, newer)
    if newer.refresh_token != kept.refresh_token:
        log.warning(
            "The org has replaced the refresh token of %s, and the new one could not be kept: %s. This process goes on "
            "with it, and tries again when it ends. Other processes cannot log in until then",
            place.name,
            error,
        )


def keep_what_is_held() -> None:
    """Keeps what could not be kept before, and tells whether it could be: the last chance, as the process ends."""
    for place, (kept, newer) in [*_held.items()]:
        replaced = newer.refresh_token != kept.refresh_token
        try:
            with place.turn():
                is_newest = not _is_forgotten(place) and _newest(place) == newer
                if is_newest:
                    place.write(newer)
        except SalesforceError as error:
            if replaced:
                log.error(
                    "The new refresh token of %s is lost: %s. Run `sf-elt login %s`", place.name, error, place.name
                )
        else:
            if replaced and is_newest:
                log.warning("The new refresh token of %s is kept now", place.name)
        del _held[place]


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
    return Granted(in_lower_case(kept.instance_url), kept.access_token)
