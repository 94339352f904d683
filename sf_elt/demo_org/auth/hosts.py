"""By which name the org was reached, and what that name is good for.

Clients redirect login.salesforce.com, test.salesforce.com or a My Domain to this machine and keep the name in `Host`.
Production's users log in at the first, a sandbox's at the second, both at their My Domain or at loopback.
A proxy in front of the org says in X-Forwarded-Host and X-Forwarded-Proto how clients reach it: only callers on this
machine get here, so they are believed.
"""

from urllib.parse import urlsplit

from starlette.requests import Request

from sf_elt.demo_org.auth.credentials import Credentials
from sf_elt.demo_org.auth.users import LoginRefused
from sf_elt.demo_org.loopback import is_loopback
from sf_elt.demo_org.org import Org, org_of

PRODUCTION = "login.salesforce.com"
SANDBOX = "test.salesforce.com"
MY_DOMAIN = ".my.salesforce.com"


def address_of(request: Request) -> str:
    """The org's address as this client reaches it, such as "http://127.0.0.1:8080": the instance_url it is told.

    A client that redirects one of the hosts where all orgs log in is told the address on loopback; one that reaches the
    org by a My Domain reaches everything of it there, and some take no other name.
    """
    forwarded = _first(request, "x-forwarded-host")
    if forwarded:
        scheme = _first(request, "x-forwarded-proto")
        return f"{scheme if scheme in ('http', 'https') else request.url.scheme}://{forwarded}"
    host = host_of(request)
    if is_loopback(host) or host.endswith(MY_DOMAIN):
        return f"{request.url.scheme}://{request.headers['host']}"
    return org_of(request).instance_url


def _first(request: Request, header: str) -> str:
    """What the proxy that clients talk to says, where several stand in a row."""
    return request.headers.get(header, "").partition(",")[0].strip()


def host_of(request: Request) -> str:
    """The name in `Host`, lower case and without the port; an empty one where there is none that can be read."""
    try:
        return urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
    except ValueError:
        return ""


def check_login_host(org: Org, host: str) -> None:
    """Raises LoginRefused where the org's users do not log in at that host, as if nobody had that name there."""
    refused = SANDBOX if not org.credentials.sandbox else PRODUCTION
    elsewhere = host.endswith(MY_DOMAIN) and org.credentials.my_domain and host != my_domain(org.credentials)
    if host == refused or elsewhere:
        raise LoginRefused("invalid_grant", "authentication failure")


def my_domain(credentials: Credentials) -> str:
    """The host name of the org's own, such as "demo.my.salesforce.com" or "demo--qa.sandbox.my.salesforce.com"."""
    name = credentials.my_domain or "demo-org"
    return f"{name}--{credentials.sandbox}.sandbox{MY_DOMAIN}" if credentials.sandbox else name + MY_DOMAIN


def audiences(org: Org, address: str) -> tuple[str, ...]:
    """What `aud` of a JWT assertion may be for this org."""
    login = SANDBOX if org.credentials.sandbox else PRODUCTION
    hosts = tuple(f"https://{host}" for host in (login, my_domain(org.credentials)))
    return (*hosts, org.instance_url, address)
