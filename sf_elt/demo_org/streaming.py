"""The Streaming API at /cometd/NN.0, which this org does not speak: it refuses handshakes, and clients stop asking.

Bayeux, as the Streaming API Developer Guide has it: a refused handshake says why, and not to reconnect.
"""

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

REFUSED = "403::Streaming is not supported by the demo org"


def routes() -> list[Route]:
    return [Route(f"/cometd/{{version}}{action}", refuse, methods=["POST"]) for action in ("", "/{action:path}")]


async def refuse(request: Request) -> Response:
    """A refusal for each message in the body; 400 for a body that is no Bayeux."""
    try:
        given = orjson.loads(await request.body())
    except orjson.JSONDecodeError:
        given = None
    messages = given if isinstance(given, list) else [given]
    if not all(isinstance(each, dict) and isinstance(each.get("channel"), str) for each in messages):
        return JSONResponse([{"error": "400::Bad request", "successful": False}], 400)
    return JSONResponse([_refusal(each) for each in messages])


def _refusal(message: dict[str, object]) -> dict[str, object]:
    known: dict[str, object] = {name: value for name, value in message.items() if name in ("channel", "id")}
    return {**known, "successful": False, "error": REFUSED, "advice": {"reconnect": "none"}}
