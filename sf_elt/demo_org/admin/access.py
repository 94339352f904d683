"""/demo/permissions and /demo/schema: what a user no longer sees, and what the org no longer has."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sf_elt.demo_org.access.masks import Mask
from sf_elt.demo_org.access.view import has_field_permissions, has_object_permissions
from sf_elt.demo_org.admin.bodies import not_understood, told
from sf_elt.demo_org.ids import normalise
from sf_elt.demo_org.metadata.change import create_field, delete_field, update_field
from sf_elt.demo_org.metadata.definitions import NamedField
from sf_elt.demo_org.metadata.permissions import profiles, update_profile
from sf_elt.demo_org.metadata.refusal import MetadataRefused
from sf_elt.demo_org.org import Org, org_of

_VISIBLE_TO = ("Admin", "Standard")


class Permission(BaseModel):
    """What a user (all, where none is named) may do with an object or one of its fields, whatever else was granted."""

    model_config = ConfigDict(extra="forbid")

    object: str
    field: str | None = None
    user: str | None = None
    access: Literal["none", "read", "granted"]


class SchemaChange(BaseModel):
    """Custom fields of an object that come, change or go; new ones are visible to all unless `visible` is false."""

    model_config = ConfigDict(extra="forbid")

    object: str
    add: list[NamedField] = Field(default_factory=list)
    change: list[NamedField] = Field(default_factory=list)
    drop: list[str] = Field(default_factory=list)
    visible: bool = True


_permission = TypeAdapter(Permission)
_schema_change = TypeAdapter(SchemaChange)


def routes() -> list[Route]:
    return [
        Route("/permissions", show_masks, methods=["GET"]),
        Route("/permissions", change_permission, methods=["POST"]),
        Route("/permissions", forget_masks, methods=["DELETE"]),
        Route("/schema", change_schema, methods=["POST"]),
    ]


async def show_masks(request: Request) -> Response:
    return JSONResponse(
        [
            {"object": each.object_name, "field": each.field_name, "user": each.user_id, "access": each.level}
            for each in org_of(request).access.masks.all()
        ]
    )


async def forget_masks(request: Request) -> Response:
    org_of(request).access.masks.clear()
    return Response(status_code=204)


async def change_permission(request: Request) -> Response:
    """Hides an object or field, makes it read-only, or (`granted`) leaves it to the permission sets again."""
    wanted = await told(request, _permission)
    if isinstance(wanted, Response):
        return wanted
    org = org_of(request)
    object_type = org.schema.object(wanted.object)
    field = object_type.field(wanted.field) if object_type and wanted.field else None
    user_id = None if wanted.user is None else await run_in_threadpool(_user_id, org, wanted.user)
    if object_type is None or (wanted.field and field is None) or (wanted.user and user_id is None):
        return not_understood("no such object, field or user")
    if field is None and not has_object_permissions(object_type):
        return not_understood(f"{object_type.name} has no object permissions: everybody sees it")
    if field is not None and not (has_field_permissions(object_type) and field.permissionable):
        return not_understood(f"{object_type.name}.{field.name} has no field-level security: it is always visible")
    field_name = None if field is None else field.name
    if wanted.access == "granted":
        org.access.masks.lift(object_type.name, field_name, user_id)
    else:
        org.access.masks.put(Mask(object_type.name, wanted.access, field_name, user_id))
    return Response(status_code=204)


async def change_schema(request: Request) -> Response:
    """Drops, changes and adds custom fields, all or none of them."""
    wanted = await told(request, _schema_change)
    if isinstance(wanted, Response):
        return wanted
    try:
        await run_in_threadpool(_change, org_of(request), wanted)
    except MetadataRefused as refused:
        return not_understood(str(refused))
    return Response(status_code=204)


def _change(org: Org, wanted: SchemaChange) -> None:
    with org.store.transaction():
        for name in wanted.drop:
            delete_field(org, f"{wanted.object}.{name}")
        for each in wanted.change:
            update_field(org, f"{wanted.object}.{each.full_name}", each)
        for each in wanted.add:
            create_field(org, f"{wanted.object}.{each.full_name}", each)
    if wanted.visible:
        for each in wanted.add:
            _show(org, wanted.object, each.full_name)


def _show(org: Org, object_name: str, field_name: str) -> None:
    """Gives the field to the profiles that have everything else; a required one is everybody's already."""
    field = org.schema.require(object_name).field(field_name)
    if field is None or not field.permissionable:
        return
    security = {"field": f"{object_name}.{field.name}", "readable": True, "editable": not field.calculated}
    for profile in _VISIBLE_TO:
        if profile in profiles(org):
            update_profile(org, profile, {"fieldPermissions": [security]}, org.credentials.user_id)


def _user_id(org: Org, given: str) -> str | None:
    """The Id of a user who is named by Id or username."""
    user = org.users.with_id(normalise(given) or given) or org.users.named(given)
    return None if user is None else user.id
