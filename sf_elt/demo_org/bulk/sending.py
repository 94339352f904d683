"""Pieces of files as HTTP replies, fast: plain, or compressed on several cores where the client takes gzip.

A compressed reply is one gzip member whose blocks are deflated independently (as pigz does it), so the next blocks are
under way in threads while this one leaves.
"""

import asyncio
import os
import struct
import zlib
from collections import deque
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import StreamingResponse

PIECE = 256 * 1024
AHEAD = max(2, os.cpu_count() or 1)
_GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x04\xff"  # deflate, no name, no time, fastest, unknown system
_SMALL = 1_000
_END_OF_STREAM = b"\x03\x00"  # an empty last block


def csv_reply(
    request: Request, file: Path, *parts: slice, headers: Mapping[str, str] | None = None, media_type: str = "text/csv"
) -> StreamingResponse:
    """The parts of a file, one after the other; without parts, all of it."""
    parts = parts or (slice(0, file.stat().st_size),)
    kind = {"Content-Type": media_type}  # as a header, or Starlette would add a charset
    size = sum(part.stop - part.start for part in parts)
    if size >= _SMALL and "gzip" in request.headers.get("accept-encoding", ""):
        packing = {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
        return StreamingResponse(_packed(file, parts), headers={**(headers or {}), **kind, **packing})
    length = {"Content-Length": str(size)}
    return StreamingResponse(_plain(file, parts), headers={**(headers or {}), **kind, **length})


async def _plain(file: Path, parts: tuple[slice, ...]) -> AsyncIterator[bytes]:
    for piece in _pieces(file, parts):
        yield piece


async def _packed(file: Path, parts: tuple[slice, ...]) -> AsyncIterator[bytes]:
    checksum = length = 0
    under_way: deque[asyncio.Future[bytes]] = deque()
    yield _GZIP_HEADER
    try:
        for piece in _pieces(file, parts):
            checksum = zlib.crc32(piece, checksum)
            length += len(piece)
            under_way.append(asyncio.ensure_future(run_in_threadpool(_deflate, piece)))
            if len(under_way) > AHEAD:
                yield await under_way.popleft()
        while under_way:
            yield await under_way.popleft()
    finally:
        for left in under_way:
            left.cancel()
    yield _END_OF_STREAM + struct.pack("<II", checksum, length & 0xFFFFFFFF)


def _deflate(piece: bytes) -> bytes:
    """The piece as deflate blocks that end on a byte and are not the last."""
    packer = zlib.compressobj(1, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(piece) + packer.flush(zlib.Z_SYNC_FLUSH)


def _pieces(file: Path, parts: tuple[slice, ...]) -> Iterator[bytes]:
    """Read without a thread of its own: what a job has just written is in memory still."""
    with file.open("rb", buffering=0) as stream:
        for part in parts:
            stream.seek(part.start)
            left = part.stop - part.start
            while left:
                piece = stream.read(min(PIECE, left))
                if not piece:
                    raise EOFError(f"{file} is shorter than it was")
                left -= len(piece)
                yield piece
