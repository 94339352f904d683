"""A new session by whatever way in a login has: OAuth by Authlib, SOAP `login()` by simple-salesforce."""

from xml.parsers.expat import ExpatError

import requests

from sf_elt.salesforce.connection import oauth
from sf_elt.salesforce.connection.login import Login, org_address
from sf_elt.salesforce.connection.oauth import Granted
from sf_elt.salesforce.connection.refused_logins import refusal
from sf_elt.salesforce.connection.transport import OrgTransport, carried_by
from sf_elt.salesforce.errors import OrgUnavailable

_OAUTH = {"JWT key": oauth.by_key, "OAuth password": oauth.by_password, "client credentials": oauth.by_app}


def open_session(login: Login, transport: OrgTransport) -> Granted:
    """Logs in with credentials. A kept login is not for here (`renewing`).

    Raises AuthenticationFailed with the org's own words, or with what is missing; OrgUnavailable where nobody answers.
    """
    way = login.require_way_in(new_session=True)
    return _by_soap(login, transport) if way == "password" else _OAUTH[way](login, transport)


def _by_soap(login: Login, transport: OrgTransport) -> Granted:
    from simple_salesforce.api import Salesforce  # a second to import
    from simple_salesforce.exceptions import SalesforceAuthenticationFailed

    try:
        client = Salesforce(
            session=carried_by(transport, requests.Session()),
            version=login.api_version,
            domain=login.domain,
            username=login.username,
            password=login.password,
            security_token=login.security_token or "",
        )
    except SalesforceAuthenticationFailed as error:
        said = str(error.auth_message or error.code)
        raise refusal(login, said, str(error.code) if error.code else None, transport.clock_differs) from None
    except (ExpatError, requests.JSONDecodeError) as error:
        raise OrgUnavailable(f"{login.login_url} answers a login with what breaks off; run it again") from error
    scheme = "http" if login.login_url.startswith("http:") else "https"
    address = org_address(login.login_url, f"{scheme}://{client.sf_instance}")
    return Granted(address, str(client.session_id))
