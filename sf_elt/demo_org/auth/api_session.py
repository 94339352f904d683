"""The session that an API call needs, however its protocol carries the session Id."""

from sf_elt.demo_org.auth.sessions import Session
from sf_elt.demo_org.errors import OrgError
from sf_elt.demo_org.org import Org

EXPIRED_PASSWORD = (
    "The users password has expired, you must call SetPassword before attempting any other API operations"  # noqa: S105 - tells of one
)


def api_session(org: Org, token: str, *, api: str = "REST") -> Session:
    """The live session of a token that may use the API, prolonged by this use.

    Raises OrgError (401): INVALID_SESSION_ID, also for users who were deactivated and for apps without the scope `api`,
    and INVALID_OPERATION_WITH_EXPIRED_PASSWORD, which no new session cures. (403): API_DISABLED_FOR_ORG where the
    user's profile does not allow the API.
    """
    session = org.sessions.find(token, org.clock())
    if session is None or not org.users.is_active(session.user_id):
        raise OrgError(401, "INVALID_SESSION_ID", "Session expired or invalid")
    if not session.allows("api"):
        raise OrgError(401, "INVALID_SESSION_ID", f"This session is not valid for use with the {api} API")
    if org.users.password_expired(session.user_id):
        raise OrgError(401, "INVALID_OPERATION_WITH_EXPIRED_PASSWORD", EXPIRED_PASSWORD)
    if not org.access.may(session.user_id, "ApiEnabled"):
        raise OrgError(403, "API_DISABLED_FOR_ORG", f"The {api} API is not enabled for this Organization.")
    return session
