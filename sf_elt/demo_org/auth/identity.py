"""Who an access token speaks for: the identity URL, userinfo, the keys of ID tokens, the end of a session."""

from datetime import datetime
from urllib.parse import quote as url_quote
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from sf_elt.demo_org.auth.apps import IDENTITY
from sf_elt.demo_org.auth.hosts import address_of
from sf_elt.demo_org.auth.oauth import bearer_token
from sf_elt.demo_org.auth.openid import configuration
from sf_elt.demo_org.auth.replies import identity_url
from sf_elt.demo_org.auth.users import User
from sf_elt.demo_org.ids import normalise
from sf_elt.demo_org.org import Org, org_of
from sf_elt.demo_org.versions import NEWEST

VERSION = "{version}"
RESOURCES = {
    "rest": "",
    "sobjects": "sobjects/",
    "search": "search/",
    "query": "query/",
    "tooling_rest": "tooling/",
}


def routes() -> list[Route]:
    return [
        Route("/services/oauth2/userinfo", userinfo, methods=["GET", "POST"]),
        Route("/id/keys", keys, methods=["GET"]),
        Route("/id/{organization_id}/{user_id}", identity, methods=["GET", "POST"]),
        Route("/.well-known/openid-configuration", openid_configuration, methods=["GET"]),
    ]


async def userinfo(request: Request) -> Response:
    """Who the access token speaks for, in OpenID Connect's words."""
    found = await run_in_threadpool(speaker, request)
    if isinstance(found, Response):
        return found
    org, address = org_of(request), address_of(request)
    return JSONResponse(
        {
            "sub": identity_url(address, org, found.id),
            "user_id": found.id,
            "organization_id": org.credentials.organization_id,
            "preferred_username": found.username,
            "nickname": found.username.partition("@")[0],
            "name": found.name,
            "email": found.email,
            "email_verified": True,
            "given_name": found.first_name,
            "family_name": found.last_name,
            "zoneinfo": found.time_zone,
            "photos": {},
            "profile": f"{address}/{found.id}",
            "picture": None,
            "address": {},
            "is_salesforce_integration_user": False,
            **_about(org, found),
            "urls": _urls(org, address, found, VERSION),
        }
    )


async def identity(request: Request) -> Response:
    """The identity URL of a token reply; `version` puts an API version into its addresses."""
    found = await run_in_threadpool(speaker, request)
    if isinstance(found, Response):
        return found
    org, address = org_of(request), address_of(request)
    organization_id, user_id = (normalise(request.path_params[name]) for name in ("organization_id", "user_id"))
    if organization_id != org.credentials.organization_id:
        return PlainTextResponse("Wrong_Org", status_code=403)
    if user_id != found.id:
        return PlainTextResponse("Bad_Id", status_code=404)
    version = request.query_params.get("version", VERSION)
    return JSONResponse(
        {
            "id": identity_url(address, org, found.id),
            "asserted_user": True,
            "user_id": found.id,
            "organization_id": org.credentials.organization_id,
            "username": found.username,
            "nick_name": found.username.partition("@")[0],
            "display_name": found.name,
            "email": found.email,
            "email_verified": True,
            "first_name": found.first_name,
            "last_name": found.last_name,
            "timezone": found.time_zone,
            "photos": {},
            "addr_street": None,
            "addr_city": None,
            "addr_state": None,
            "addr_country": None,
            "addr_zip": None,
            "mobile_phone": None,
            "mobile_phone_verified": False,
            "is_lightning_login_user": False,
            "status": {"created_date": None, "body": None},
            **_about(org, found),
            "urls": _urls(org, address, found, f"{NEWEST}.0" if version == "latest" else version),
            "is_app_installed": True,
        }
    )


async def keys(request: Request) -> Response:
    """The public keys that ID tokens are signed with (JWKS)."""
    return JSONResponse({"keys": [await run_in_threadpool(org_of(request).signing_key.public)]})


async def openid_configuration(request: Request) -> Response:
    return JSONResponse(configuration(address_of(request)))


def speaker(request: Request) -> User | Response:
    """The user of the token in the header or the address, or Salesforce's refusal of it."""
    org = org_of(request)
    query = request.query_params
    given = bearer_token(request.headers.get("authorization", ""))
    given = given or query.get("oauth_token") or query.get("access_token")
    if not given:
        return PlainTextResponse("Missing_OAuth_Token", status_code=403)
    session = org.sessions.find(given, org.clock())
    user = org.users.with_id(session.user_id) if session else None
    if session is None or user is None:
        return PlainTextResponse("Bad_OAuth_Token", status_code=403)
    if not user.is_active:
        return PlainTextResponse("Inactive_User", status_code=403)
    if not session.allows("api", *IDENTITY):
        return PlainTextResponse("Bad_OAuth_Token", status_code=403)
    return user


def _about(org: Org, user: User) -> dict[str, object]:
    return {
        "active": user.is_active,
        "user_type": (user.user_type or "Standard").upper(),
        "language": user.language,
        "locale": user.locale,
        "utcOffset": _standard_offset(user.time_zone),
    }


def _standard_offset(time_zone: str | None) -> int:
    """Milliseconds that a zone is ahead of UTC in its standard time, as Salesforce gives them."""
    try:
        january = datetime(2020, 1, 1, tzinfo=ZoneInfo(time_zone or "UTC"))
    except (ZoneInfoNotFoundError, ValueError):
        return 0
    offset, summer = january.utcoffset(), january.dst()
    return int((offset - summer).total_seconds() * 1000) if offset is not None and summer is not None else 0


def _urls(org: Org, address: str, user: User, version: str) -> dict[str, str]:
    """Where the org's interfaces are; `{version}` stands where the client puts the version it speaks."""
    short_id = org.credentials.organization_id[:15]
    number = url_quote(version, safe="{}.")
    soap = {"enterprise": "c", "metadata": "m", "partner": "u"}
    return (
        {name: f"{address}/services/Soap/{letter}/{number}/{short_id}" for name, letter in soap.items()}
        | {name: f"{address}/services/data/v{number}/{path}" for name, path in RESOURCES.items()}
        | {"profile": f"{address}/{user.id}", "custom_domain": address}
    )
