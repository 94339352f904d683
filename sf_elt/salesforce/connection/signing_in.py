"""What `sf-elt login` and `sf-elt logout` do: log in once, and keep what opens the next sessions; end it and forget."""

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from sf_elt.salesforce.connection import oauth
from sf_elt.salesforce.connection.browser_login import Show, log_in_by_browser
from sf_elt.salesforce.connection.callback import Callback
from sf_elt.salesforce.connection.kept_login import Kept, KeptLogin, Way
from sf_elt.salesforce.connection.login import Login
from sf_elt.salesforce.connection.oauth import Granted
from sf_elt.salesforce.connection.opening import open_session
from sf_elt.salesforce.connection.renewing import login_of
from sf_elt.salesforce.connection.transport import IN_PERSON, OrgTransport
from sf_elt.salesforce.errors import AuthenticationFailed, SalesforceError

log = logging.getLogger(__name__)


def sign_in_by_browser(login: Login, callback: Callback, show: Show, *, patience: float) -> Kept:
    """A login in the browser; `login` names the app and where its users log in."""
    transport = OrgTransport(login, patience=IN_PERSON)
    return _kept("browser", login, transport, log_in_by_browser(login, transport, callback, show, patience=patience))


def sign_in(way: Way, login: Login) -> Kept:
    """A login with the key, the app's secret or the password in `login`. A key's file is read, and kept as text."""
    if login.private_key_file is not None:
        login = replace(login, private_key=oauth.key_in(login.private_key_file), private_key_file=None)
    transport = OrgTransport(login, patience=IN_PERSON)
    return _kept(way, login, transport, open_session(login, transport))


def keep(place: KeptLogin, kept: Kept) -> None:
    """Keeps the login in the place of an earlier one, whose refresh token is revoked.

    Raises AuthenticationFailed where it cannot be kept, and OrgUnavailable where another process does not let go of the
    place: then it is the new refresh token that is revoked, for nobody has it.
    """
    try:
        with place.turn():
            earlier = _readable(place, place.begun)
            place.write(kept)
    except BaseException:
        standing = _readable(place)
        if kept.refresh_token not in (None, standing and standing.refresh_token):  # a session may be somebody else's
            _revoke_if_it_can_be(kept, f"the login of {place.name} that could not be kept")
        raise
    if earlier is None or earlier.refresh_token in (None, kept.refresh_token):
        return  # a session alone may be the same as the new one
    _revoke_if_it_can_be(earlier, f"the earlier login of {place.name}")


def sign_out(place: KeptLogin) -> bool:
    """Ends the login at the org and forgets it, also one that was killed at first; whether it still lived there.

    Raises SalesforceError where the org cannot be asked, or the files cannot be removed: then nothing is forgotten.
    """
    with place.turn():
        place.require_forgettable()
        lived = _revoke(place.begun() or place.read())
        place.forget()
    return lived


def forget(place: KeptLogin) -> None:
    """Forgets the login, which the org goes on taking. A renewal that is at work comes before, and keeps nothing after.

    Raises AuthenticationFailed where the keyring does not let go of it, OrgUnavailable where a renewal does not end.
    """
    with place.turn():
        place.forget()


def _kept(way: Way, login: Login, transport: OrgTransport, granted: Granted) -> Kept:
    now = datetime.now(UTC)
    return Kept(
        way=way,
        login_url=login.login_url,
        instance_url=granted.instance_url,
        username=login.username or oauth.username_of(granted, transport),
        signed_in_at=now,
        renewed_at=now,
        consumer_key=login.consumer_key,
        consumer_secret=login.consumer_secret,
        private_key=login.private_key,
        password=login.password,
        security_token=login.security_token,
        refresh_token=granted.refresh_token,
        access_token=granted.access_token,
    )


def _revoke(kept: Kept) -> bool:
    token = kept.refresh_token or kept.access_token
    login = login_of(kept)
    return token is not None and oauth.revoke(login, OrgTransport(login), token)


def _revoke_if_it_can_be(kept: Kept, what: str) -> None:
    """What becomes of it stands in nobody's way."""
    try:
        _revoke(kept)
    except SalesforceError as error:
        log.warning("%s is not revoked: %s. Setup › the user › OAuth Connected Apps does", what, error)


def _readable(place: KeptLogin, begun: Callable[[], Kept | None] = lambda: None) -> Kept | None:
    """The login that is kept so far, or was `begun`; None where there is none, or none that this process can read."""
    try:
        return begun() or place.read()
    except AuthenticationFailed:
        return None
