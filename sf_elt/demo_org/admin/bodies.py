"""What a lever was told, and the 400 for what it cannot understand."""

from typing import TypeVar

from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

Told = TypeVar("Told")


async def told(request: Request, shape: TypeAdapter[Told]) -> Told | Response:
    """The JSON body in its shape, or the answer that says what is wrong with it."""
    try:
        return shape.validate_json(await request.body())
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        return JSONResponse([{**each, "msg": each["msg"].removeprefix("Value error, ")} for each in found], 400)


def not_understood(message: str) -> Response:
    """A 400 about something else than the body."""
    return JSONResponse([{"type": "value_error", "msg": message}], 400)
