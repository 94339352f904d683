"""/demo/faults: what is planned to go wrong."""

from typing import Annotated

from pydantic import BeforeValidator, TypeAdapter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sf_elt.demo_org.admin.bodies import told
from sf_elt.demo_org.faults import PRESETS, Fault, RandomFaults
from sf_elt.demo_org.org import org_of

_faults: TypeAdapter[list[Fault]] = TypeAdapter(
    Annotated[list[Fault], BeforeValidator(lambda given: given if isinstance(given, list) else [given])]
)
_random = TypeAdapter(RandomFaults)


def routes() -> list[Route]:
    return [
        Route("/faults", show, methods=["GET"]),
        Route("/faults/presets", show_presets, methods=["GET"]),
        Route("/faults", plan, methods=["POST"]),
        Route("/faults/random", plan_random, methods=["POST"]),
        Route("/faults", forget, methods=["DELETE"]),
    ]


async def show(request: Request) -> Response:
    return JSONResponse([planned.as_dict() for planned in org_of(request).faults.planned()])


async def show_presets(request: Request) -> Response:
    return JSONResponse(
        [
            {"preset": name, "sentence": preset.sentence, "path": preset.path, **preset.does}
            for name, preset in PRESETS.items()
        ]
    )


async def plan(request: Request) -> Response:
    given = await told(request, _faults)
    if isinstance(given, Response):
        return given
    org_of(request).faults.add([*given])
    return Response(status_code=204)


async def plan_random(request: Request) -> Response:
    given = await told(request, _random)
    if isinstance(given, Response):
        return given
    org_of(request).faults.add([given])
    return Response(status_code=204)


async def forget(request: Request) -> Response:
    org_of(request).faults.clear()
    return Response(status_code=204)
