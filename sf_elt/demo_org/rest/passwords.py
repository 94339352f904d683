"""/sobjects/User/005…/password: whether a password has expired, a new one, a random one ("sObject User Password")."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from sf_elt.demo_org.auth.passwords import user_to_change
from sf_elt.demo_org.auth.users import User
from sf_elt.demo_org.errors import OrgError
from sf_elt.demo_org.org import org_of
from sf_elt.demo_org.requests import user_of
from sf_elt.demo_org.rest.requests import json_of, reply


async def expiry(request: Request) -> Response:
    """Whether the user has to choose a new one before any other call."""
    user = await _user(request)
    return reply({"isExpired": org_of(request).users.password_expired(user.id)})


async def choose(request: Request) -> Response:
    """Sets the password that the body gives."""
    user, body = await _user(request), await json_of(request)
    password = body.get("NewPassword")
    if not isinstance(password, str) or not password:
        raise OrgError(400, "INVALID_NEW_PASSWORD", "Your password cannot be null")
    org_of(request).users.set_password(user.id, password)
    return Response(status_code=204)


async def reset(request: Request) -> Response:
    """Sets a random password and tells it."""
    user = await _user(request)
    return reply({"NewPassword": org_of(request).users.set_password(user.id)})


async def _user(request: Request) -> User:
    return await run_in_threadpool(user_to_change, org_of(request), user_of(request), request.path_params["record_id"])
