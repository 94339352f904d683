"""Levers about who may log in: users' passwords and sessions, connected apps."""

from pydantic import BaseModel, ConfigDict, TypeAdapter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sf_elt.demo_org.admin.bodies import not_understood, told
from sf_elt.demo_org.auth.apps import ConnectedApp
from sf_elt.demo_org.org import org_of


class UserChange(BaseModel):
    """What happens to one user; what is not given stays."""

    model_config = ConfigDict(extra="forbid")

    username: str
    password: str | None = None
    password_expired: bool = False
    end_sessions: bool = False
    ip_restricted: bool | None = None


_user_change = TypeAdapter(UserChange)
_app = TypeAdapter(ConnectedApp)


def routes() -> list[Route]:
    return [
        Route("/users", show_users, methods=["GET"]),
        Route("/users", change_user, methods=["POST"]),
        Route("/apps", show_apps, methods=["GET"]),
        Route("/apps", add_app, methods=["POST"]),
    ]


async def show_users(request: Request) -> Response:
    """Who can log in, by name."""
    users = await run_in_threadpool(org_of(request).users.active)
    return JSONResponse([{"id": user.id, "username": user.username, "name": user.name} for user in users])


async def change_user(request: Request) -> Response:
    org, wanted = org_of(request), await told(request, _user_change)
    if isinstance(wanted, Response):
        return wanted
    user = await run_in_threadpool(org.users.named, wanted.username)
    if user is None:
        return not_understood(f"no such user: {wanted.username}")
    if wanted.password is not None:
        org.users.set_password(user.id, wanted.password)
    if wanted.password_expired:
        org.users.expire_password(user.id)
    if wanted.ip_restricted is not None:
        org.users.restrict_ip(user.id, restricted=wanted.ip_restricted)
    if wanted.end_sessions:
        org.sessions.revoke_all_of(user.id)
    return Response(status_code=204)


async def show_apps(request: Request) -> Response:
    """The connected apps, without their secrets."""
    apps = org_of(request).apps.values()
    return JSONResponse([app.model_dump(exclude={"client_secret", "certificate"}) for app in apps])


async def add_app(request: Request) -> Response:
    """A new connected app, or another shape of one that was added before."""
    org, wanted = org_of(request), await told(request, _app)
    if isinstance(wanted, Response):
        return wanted
    if wanted.client_id == org.credentials.client_id:
        return not_understood("the org's own app stays as it is")
    org.apps[wanted.client_id] = wanted
    return Response(status_code=204)
