"""/demo/limits, /demo/clock, /demo/sessions, /demo/rules, /demo/recycle-bin, /demo/records: what somebody changes."""
# ruff: noqa: S608 (names come from the schema and are quoted)

from datetime import timedelta
from typing import Annotated, Literal, Self

import orjson
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, model_validator
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sf_elt.demo_org.admin.bodies import not_understood, told
from sf_elt.demo_org.ids import normalise
from sf_elt.demo_org.org import org_of
from sf_elt.demo_org.rules import DuplicateAction, WriteRules
from sf_elt.demo_org.saving.recycle import KEPT, purge_recycle_bin
from sf_elt.demo_org.store import table


def _record_id(given: str) -> str:
    found = normalise(given)
    if found is None:
        raise ValueError(f"not a record Id: {given}")
    return found


class Limits(BaseModel):
    """New maxima, or what was spent given back."""

    model_config = ConfigDict(extra="forbid")

    DailyApiRequests: int | None = Field(default=None, ge=0)
    DailyBulkApiBatches: int | None = Field(default=None, ge=0)
    DailyBulkRecords: int | None = Field(default=None, ge=0)
    DailyBulkV2QueryFileStorageMB: int | None = Field(default=None, ge=0)
    DailyBulkV2QueryJobs: int | None = Field(default=None, ge=0)
    used: Literal[0] | None = None


class ClockMove(BaseModel):
    """How far the org's clock jumps ahead, or how far it is ahead of this machine's from now on."""

    model_config = ConfigDict(extra="forbid")

    advance_seconds: float | None = Field(default=None, ge=0)
    ahead_seconds: float | None = None

    @model_validator(mode="after")
    def _says_one(self) -> Self:
        if (self.advance_seconds is None) == (self.ahead_seconds is None):
            raise ValueError("give either advance_seconds or ahead_seconds")
        return self


class Lock(BaseModel):
    """Records that somebody else holds; so many saves of each are refused (None = until they are unlocked)."""

    model_config = ConfigDict(extra="forbid")

    ids: list[Annotated[str, AfterValidator(_record_id)]]
    times: int | None = Field(default=1, ge=1)


class Rules(BaseModel):
    """What decides whether a save goes through; what is not given stays."""

    model_config = ConfigDict(extra="forbid")

    duplicates: dict[str, DuplicateAction] = {}
    lock: Lock | None = None
    unlock: bool = False
    audit_fields_settable: bool | None = None


_limits = TypeAdapter(Limits)
_clock_move = TypeAdapter(ClockMove)
_rules = TypeAdapter(Rules)


def routes() -> list[Route]:
    return [
        Route("/limits", change_limits, methods=["POST"]),
        Route("/clock", show_clock, methods=["GET"]),
        Route("/clock", move_clock, methods=["POST"]),
        Route("/sessions", end_sessions, methods=["DELETE"]),
        Route("/rules", show_rules, methods=["GET"]),
        Route("/rules", change_rules, methods=["POST"]),
        Route("/records/{object}", show_records, methods=["GET"]),
        Route("/recycle-bin", purge, methods=["DELETE"]),
    ]


async def change_limits(request: Request) -> Response:
    org, wanted = org_of(request), await told(request, _limits)
    if isinstance(wanted, Response):
        return wanted
    if wanted.used == 0:
        org.allowance.forget()
        org.bulk.quota.forget()
    org.bulk.quota.change(wanted.model_dump(exclude={"DailyApiRequests", "used"}, exclude_none=True))
    if wanted.DailyApiRequests is not None:
        org.allowance.most = wanted.DailyApiRequests
    return JSONResponse({"DailyApiRequests": org.allowance.most, "used": org.allowance.used(org.clock())})


async def show_clock(request: Request) -> Response:
    clock = org_of(request).clock
    return JSONResponse({"now": clock().isoformat(), "ahead_seconds": clock.ahead.total_seconds()})


async def move_clock(request: Request) -> Response:
    org, move = org_of(request), await told(request, _clock_move)
    if isinstance(move, Response):
        return move
    try:
        if move.advance_seconds is not None:
            org.clock.advance(timedelta(seconds=move.advance_seconds))
        else:
            org.clock.differ(timedelta(seconds=move.ahead_seconds or 0))
            org.store.follow_clock()
    except (ValueError, OverflowError) as error:
        return not_understood(str(error))
    return await show_clock(request)


async def end_sessions(request: Request) -> Response:
    return JSONResponse({"ended": org_of(request).sessions.revoke_all()})


def purge(request: Request) -> Response:
    try:
        kept = timedelta(days=float(request.query_params.get("older_than_days", KEPT.days)))
    except (ValueError, OverflowError) as error:
        return not_understood(f"older_than_days: {error}")
    return JSONResponse({"purged": purge_recycle_bin(org_of(request).store, kept)})


async def show_rules(request: Request) -> Response:
    return JSONResponse(_said(org_of(request).store.rules))


async def change_rules(request: Request) -> Response:
    store, wanted = org_of(request).store, await told(request, _rules)
    if isinstance(wanted, Response):
        return wanted
    if unknown := [name for name in wanted.duplicates if store.schema.object(name) is None]:
        return not_understood(f"no such object: {', '.join(unknown)}")
    for name, action in wanted.duplicates.items():
        store.rules.set_duplicate_rule(store.schema.require(name).name, action)
    if wanted.unlock:
        store.rules.unlock_all()
    if wanted.lock is not None:
        store.rules.lock(wanted.lock.ids, wanted.lock.times)
    if wanted.audit_fields_settable is not None:
        store.rules.audit_fields_settable = wanted.audit_fields_settable
    return JSONResponse(_said(store.rules))


def _said(rules: WriteRules) -> dict[str, object]:
    return {
        "duplicates": dict(rules.duplicate_rules()),
        "locked": dict(rules.locked()),
        "audit_fields_settable": rules.audit_fields_settable,
    }


def show_records(request: Request) -> Response:
    """Every record of an object with all that is stored or computed of it, in the order of their Ids."""
    store = org_of(request).store
    object_type = store.schema.object(request.path_params["object"])
    if object_type is None:
        return not_understood(f"no such object: {request.path_params['object']}")
    with store.reading() as connection:
        rows = connection.execute(
            f'SELECT to_json(record) FROM {table(object_type.name)} AS record ORDER BY "Id"'
        ).fetchall()
    return Response(orjson.dumps([orjson.Fragment(text) for (text,) in rows]), media_type="application/json")
