"""A connection to an org: simple-salesforce on top of our own counted transport."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from xml.parsers.expat import ExpatError

import requests

from sf_elt.salesforce.connection.login import Login
from sf_elt.salesforce.connection.sessions import Session, session_of
from sf_elt.salesforce.connection.transport import CallMeter, OrgTransport, Patience
from sf_elt.salesforce.errors import AuthenticationFailed, OrgUnavailable

if TYPE_CHECKING:
    from simple_salesforce.api import Salesforce

    from sf_elt.salesforce.describe import ObjectDescribe, ObjectSummary


@dataclass
class Org:
    """An open session with one org.

    `client` is simple-salesforce; whatever is called on it, too, is counted, timed out and repeated by `transport`.
    One thread at a time has it, and may read from `session` in several threads of its own.
    """

    client: "Salesforce"
    session: requests.Session
    transport: OrgTransport
    described: "dict[str, ObjectDescribe]" = field(default_factory=dict, repr=False)
    listed: "tuple[ObjectSummary, ...]" = field(default=(), repr=False)
    noted: "Callable[[ObjectDescribe], None] | None" = field(default=None, repr=False)  # told of each describe
    takes_composites: bool = True  # whether it answers describe and query as parts of a composite request

    @property
    def api_version(self) -> str:
        return self.transport.login.api_version

    @property
    def host(self) -> str:
        """The instance's host, with its port where it has one."""
        return str(self.client.sf_instance)

    @property
    def allowance(self) -> tuple[int, int] | None:
        """(used, allowed) API calls of the org's own 24 hours, as it last said over this connection."""
        return self.transport.allowance

    @property
    def behind(self) -> timedelta:
        """How far the org's clock runs behind ours, as its last reply said; zero where it is ahead, or almost right."""
        return self.transport.behind

    def url(self, path: str) -> str:
        """The address of a path under `/services/data/vNN.N/`, or of a path from the root as replies name them."""
        if path.startswith("/"):
            return f"https://{self.host}{path}"
        return f"https://{self.host}/services/data/v{self.api_version}/{path}"

    @contextmanager
    def counted_by(self, meter: CallMeter | None) -> Iterator["Org"]:
        """Has the calls of the block counted by `meter`."""
        before, self.transport.meter = self.transport.meter, meter
        try:
            yield self
        finally:
            self.transport.meter = before

    def close(self) -> None:
        self.session.close()


def connect(login: Login, meter: CallMeter | None = None, *, patience: Patience | None = None) -> Org:
    """Gives the session that this process has open for the login, or logs in.

    A session that has ended meanwhile is renewed at the first call. Raises AuthenticationFailed with Salesforce's own
    words, OrgUnavailable where nobody answers, AllowanceSpent where the meter has no call left for a login that counts.
    """
    transport = OrgTransport(login, meter, patience)
    http = requests.Session()
    http.mount("https://", transport)
    http.mount("http://", transport)
    shared = session_of(login)
    opened = shared.opened(lambda: _log_in(login, http, new_session=False))
    client = _client_of(login, http, opened)
    _take_over(transport, client, opened)

    def renew(ended: str) -> None:
        renewed = shared.renewed(ended, lambda: _log_in(login, http, new_session=True))
        _take_over(transport, client, renewed)

    transport.renew = renew if login.can_log_in else None
    return Org(client, http, transport)


_CHECK_CREDENTIALS = (
    "Check the user name, the password with its security token, and whether this is the right login address "
    "(sandboxes use https://test.salesforce.com)."
)

_REFUSES_EVERYTHING = (
    "This says nothing of the password, since a login needs no session: the org, or something before it, refuses every "
    "request now. Try again in some minutes."
)


def _cure(login: Login, said: str) -> str:
    """What to do about a login that was refused with these words."""
    if "api version" in said.lower():
        return f"The version asked for is {login.api_version}."
    is_of_sessions = re.search("INVALID_SESSION_ID|session expired", said, re.IGNORECASE) is not None
    return _REFUSES_EVERYTHING if is_of_sessions else _CHECK_CREDENTIALS


def _log_in(login: Login, http: requests.Session, *, new_session: bool) -> Session:
    from jwt import PyJWTError  # with what follows, a second to import
    from simple_salesforce.api import Salesforce
    from simple_salesforce.exceptions import SalesforceAuthenticationFailed

    arguments: dict[str, Any] = dict(login.client_arguments(new_session=new_session))
    try:
        client = Salesforce(session=http, version=login.api_version, **arguments)
    except SalesforceAuthenticationFailed as error:
        said = str(error.auth_message or error.code)
        raise AuthenticationFailed(
            f"{login.login_url} does not accept the login of {login.username}: {said}. {_cure(login, said)}",
            code=str(error.code) if error.code else None,
        ) from error
    except (ExpatError, requests.JSONDecodeError) as error:
        raise OrgUnavailable(f"{login.login_url} answers a login with what breaks off; run it again") from error
    except OSError as error:  # the key file
        raise AuthenticationFailed(f"the private key cannot be read: {error}") from error
    except PyJWTError as error:  # what it holds; the message does not repeat it
        raise AuthenticationFailed(f"the private key is no RSA key in PEM form: {error}") from error
    return Session(host=str(client.sf_instance), token=str(client.session_id))


def _client_of(login: Login, http: requests.Session, opened: Session) -> "Salesforce":
    from simple_salesforce.api import Salesforce

    return Salesforce(session=http, version=login.api_version, session_id=opened.token, instance=opened.host)


def _take_over(transport: OrgTransport, client: "Salesforce", session: Session) -> None:
    client.session_id, client.sf_instance = session.token, session.host
    client.headers["Authorization"] = f"Bearer {session.token}"
    transport.token = session.token
    transport.host = urlsplit(f"https://{session.host}").netloc
