"""A connection to an org: simple-salesforce on top of our own counted transport."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import requests

from sf_elt.salesforce.connection.login import Login
from sf_elt.salesforce.connection.metering import CallMeter
from sf_elt.salesforce.connection.oauth import Granted
from sf_elt.salesforce.connection.opening import open_session
from sf_elt.salesforce.connection.renewing import kept_session
from sf_elt.salesforce.connection.sessions import Session, session_of
from sf_elt.salesforce.connection.transport import OrgTransport, Patience, carried_by

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
    http = carried_by(transport, requests.Session())
    shared = session_of(login)
    opened = shared.opened(lambda: _session(login, transport, None))
    client = _client_of(login, http, opened)
    _take_over(transport, client, opened)

    def renew(ended: str) -> bool:
        renewed = shared.renewed(ended, lambda: _session(login, transport, ended))
        _take_over(transport, client, renewed)
        return renewed.is_new

    transport.renew = renew if login.can_log_in else None
    return Org(client, http, transport)


def _session(login: Login, transport: OrgTransport, ended: str | None) -> Session:
    """A session; another than the one whose token has `ended`, where one has."""
    way, is_new = login.require_way_in(new_session=ended is not None), True
    if way == "access token":
        granted = Granted(login.instance_url or "", login.access_token or "")
    elif way == "signed in" and login.kept is not None:
        granted, is_new = kept_session(login.kept, transport, ended)
    else:
        granted = open_session(login, transport)
    return Session(urlsplit(granted.instance_url).netloc, granted.access_token, is_new)


def _client_of(login: Login, http: requests.Session, opened: Session) -> "Salesforce":
    from simple_salesforce.api import Salesforce

    return Salesforce(session=http, version=login.api_version, session_id=opened.token, instance=opened.host)


def _take_over(transport: OrgTransport, client: "Salesforce", session: Session) -> None:
    client.session_id, client.sf_instance = session.token, session.host
    client.headers["Authorization"] = f"Bearer {session.token}"
    transport.token = session.token
    transport.host = urlsplit(f"https://{session.host}").netloc
