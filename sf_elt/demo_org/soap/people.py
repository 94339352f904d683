"""Who is there: login(), logout(), invalidateSessions(), getUserInfo(), setPassword(), resetPassword()."""

from pydantic import JsonValue
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from sf_elt.demo_org.auth.hosts import address_of, check_login_host, host_of
from sf_elt.demo_org.auth.passwords import user_to_change
from sf_elt.demo_org.auth.sessions import Session
from sf_elt.demo_org.auth.users import LoginRefused, User
from sf_elt.demo_org.org import Org, org_of
from sf_elt.demo_org.saving import SaveError
from sf_elt.demo_org.soap.envelope import Call, SoapFault, child_text, texts
from sf_elt.demo_org.soap.operation import Asked
from sf_elt.demo_org.soap.writing import errors
from sf_elt.demo_org.soap.xml import XmlValue

INVALID_LOGIN = "Invalid username, password, security token; or user locked out."
LAST_WITH_LOGIN = 64.0
NO_LOGIN = (
    "The SOAP Login operation is not available in the API version specified ({}). Refer to the documentation for "
    "supported versions."
)
RESTRICTED = "The user can't log in from this IP address."
API_DISABLED = "API is not enabled for this Organization or Partner"

_ATTACHMENT_LIMIT = 5 * 1024 * 1024


def login(request: Request, call: Call, flavour: str, version: str) -> XmlValue:
    """LoginResult with a new session and the address for later calls.

    Raises SoapFault: INVALID_LOGIN, whatever it was that was wrong; LOGIN_DURING_RESTRICTED_DOMAIN where the user may
    not log in from here; API_DISABLED_FOR_ORG where the user's profile does not allow the API; INVALID_OPERATION for a
    version that knows no login() any more (Salesforce Help, "Platform SOAP API login() Retirement"). Loopback is a
    trusted address: no security token is asked for.
    """
    if float(version) > LAST_WITH_LOGIN:
        raise SoapFault("INVALID_OPERATION", NO_LOGIN.format(version))
    org = org_of(request)
    try:
        check_login_host(org, host_of(request))
        user = org.users.log_in(child_text(call.body, "username") or "", child_text(call.body, "password") or "")
    except LoginRefused as refused:
        raise SoapFault("INVALID_LOGIN", INVALID_LOGIN, "LoginFault") from refused
    if org.users.ip_restricted(user.id):
        raise SoapFault("LOGIN_DURING_RESTRICTED_DOMAIN", RESTRICTED, "LoginFault")
    if not org.access.may(user.id, "ApiEnabled"):
        raise SoapFault("API_DISABLED_FOR_ORG", API_DISABLED, "LoginFault")
    session = org.sessions.open(user.id, org.clock())
    soap = f"{address_of(request)}/services/Soap"
    organization = org.credentials.organization_id[:15]
    return {
        "metadataServerUrl": f"{soap}/m/{version}/{organization}",
        "passwordExpired": org.users.password_expired(user.id),
        "sandbox": bool(org.credentials.sandbox),
        "serverUrl": f"{soap}/{flavour}/{version}/{organization}",
        "sessionId": session.token,
        "userId": user.id,
        "userInfo": _user_info(org, user, session, {}, {}),
    }


async def logout(asked: Asked) -> XmlValue:
    """Ends the session of the call."""
    asked.org.sessions.revoke(asked.session.token)
    return []


async def invalidate_sessions(asked: Asked) -> XmlValue:
    """Ends the sessions of the given Ids."""
    return [_invalidated(asked, session_id) for session_id in texts(asked.arguments, "sessionIds")]


def _invalidated(asked: Asked, session_id: str) -> XmlValue:
    if asked.org.sessions.revoke(session_id):
        return {"errors": [], "success": True}
    error = SaveError("INVALID_SESSION_ID", "Session expired or invalid")
    return {"errors": errors(asked, [error]), "success": False}


async def get_user_info(asked: Asked) -> XmlValue:
    user = await run_in_threadpool(asked.org.users.with_id, asked.user_id)
    if user is None:
        raise SoapFault("INVALID_SESSION_ID", "The user of this session is gone")
    record = await asked.rest("GET", f"/sobjects/User/{user.id}")
    organization = await asked.rest("GET", f"/sobjects/Organization/{asked.org.credentials.organization_id}")
    return _user_info(asked.org, user, asked.session, _mapping(record), _mapping(organization))


async def set_password(asked: Asked) -> XmlValue:
    """Gives a user a new password."""
    user, password = await _user(asked), asked.argument("password")
    asked.org.users.set_password(user.id, password)
    return {}


async def reset_password(asked: Asked) -> XmlValue:
    """Gives a user a random password and tells it."""
    user = await _user(asked)
    return {"password": asked.org.users.set_password(user.id)}


async def _user(asked: Asked) -> User:
    """The user whose password is to change. Raises OrgError where that is not the caller's to do."""
    return await run_in_threadpool(user_to_change, asked.org, asked.user_id, asked.argument("userId"))


Json = dict[str, JsonValue]


def _user_info(org: Org, user: User, session: Session, record: Json, organization: Json) -> XmlValue:
    """GetUserInfoResult. Amounts have currencies of their own here, so the organization has no single one to tell."""
    return {
        "accessibilityMode": False,
        "chatterExternal": False,
        "currencySymbol": None,
        "orgAttachmentFileSizeLimit": _ATTACHMENT_LIMIT,
        "orgDefaultCurrencyIsoCode": None,
        "orgDefaultCurrencyLocale": None,
        "orgDisallowHtmlAttachments": False,
        "orgHasPersonAccounts": False,
        "organizationId": org.credentials.organization_id,
        "organizationMultiCurrency": True,
        "organizationName": _text(organization, "Name"),
        "profileId": _text(record, "ProfileId"),
        "roleId": _text(record, "UserRoleId"),
        "sessionSecondsValid": int(session.lifetime.total_seconds()),
        "userDefaultCurrencyIsoCode": _text(record, "DefaultCurrencyIsoCode") or _text(record, "CurrencyIsoCode"),
        "userEmail": user.email,
        "userFullName": user.name,
        "userId": user.id,
        "userLanguage": user.language or "en_US",
        "userLocale": user.locale or "en_US",
        "userName": user.username,
        "userTimeZone": user.time_zone or "GMT",
        "userType": user.user_type or "Standard",
        "userUiSkin": "Theme3",
    }


def _mapping(value: JsonValue) -> Json:
    return value if isinstance(value, dict) else {}


def _text(record: Json, name: str) -> str | None:
    value = record.get(name)
    return value if isinstance(value, str) else None
