"""Bodies of several parts, such as a record and the content of its file, or a bulk job and its CSV.

    for part in await parts_of(request):
        part.name, part.media_type, part.content

Lines may end in LF alone: the examples of the REST API Developer Guide ("Insert or Update Blob Data") are text files
that curl sends as they are, and SalesforcePy writes its bodies by them.
"""

import re
from dataclasses import dataclass
from email.message import Message
from itertools import pairwise

from starlette.requests import Request

from sf_elt.demo_org.errors import OrgError

_BLANK_LINE = re.compile(rb"\r?\n\r?\n")


@dataclass(frozen=True)
class Part:
    name: str
    media_type: str
    content: bytes


def is_multipart(request: Request) -> bool:
    return request.headers.get("content-type", "").lower().startswith("multipart/form-data")


async def parts_of(request: Request) -> list[Part]:
    """The parts in their order. Raises OrgError where the body is not what its content type says."""
    boundary = _header("content-type", request.headers["content-type"]).get_boundary()
    if not boundary:
        raise _unreadable("no boundary")
    body = await request.body()
    line = re.compile(rb"(?:\A|\r?\n)--" + re.escape(boundary.encode()) + rb"(--)?[ \t]*(?=\r?\n|\Z)")
    found = list(line.finditer(body))
    if len(found) < 2 or not found[-1][1]:
        raise _unreadable("Unexpected end of part")
    return [_part(body[start.end() : end.start()]) for start, end in pairwise(found)]


def _part(text: bytes) -> Part:
    blank = _BLANK_LINE.search(text)
    if blank is None:
        raise _unreadable("a part has no headers")
    headers = Message()
    for line in text[: blank.start()].decode("utf-8", "replace").splitlines():
        header, _, value = line.partition(":")
        if header.strip():
            headers[header.strip()] = value.strip()
    name = headers.get_param("name", "", "content-disposition")
    return Part(str(name), headers.get_content_type(), text[blank.end() :])


def _header(name: str, value: str) -> Message:
    message = Message()
    message[name] = value
    return message


def _unreadable(why: str) -> OrgError:
    return OrgError(400, "INVALID_MULTIPART_REQUEST", f"Multipart message parsing failed: {why}")
