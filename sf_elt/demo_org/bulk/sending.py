"""Pieces of files as HTTP replies, fast: plain, or compressed on several cores where the client takes gzip.

A compressed reply is one gzip member whose blocks are deflated independently (as pigz does it), so the next blocks are
under way in threads while this one leaves; what a job has packed already leaves as it is.
"""

import asyncio
import struct
import zlib
from collections import deque
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import StreamingResponse

from sf_elt.demo_org.bulk.packing import AHEAD, PIECE, Block, Blocks, deflate, joined_checksum

_GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x04\xff"  # deflate, no name, no time, fastest, unknown system
_SMALL = 1_000
_END_OF_STREAM = b"\x03\x00"  # an empty last block


def csv_reply(
    request: Request,
    file: Path,
    *parts: slice,
    headers: Mapping[str, str] | None = None,
    media_type: str = "text/csv",
    blocks: Blocks | None = None,
) -> StreamingResponse:
    """The parts of a file, one after the other; without parts, all of it. `blocks` are what of it is packed already."""
    parts = parts or (slice(0, file.stat().st_size),)
    kind = {"Content-Type": media_type}  # as a header, or Starlette would add a charset
    size = sum(part.stop - part.start for part in parts)
    if size >= _SMALL and "gzip" in request.headers.get("accept-encoding", ""):
        packing = {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
        return StreamingResponse(_packed(file, parts, blocks), headers={**(headers or {}), **kind, **packing})
    length = {"Content-Length": str(size)}
    return StreamingResponse(_plain(file, parts), headers={**(headers or {}), **kind, **length})


async def _plain(file: Path, parts: tuple[slice, ...]) -> AsyncIterator[bytes]:
    for piece in _pieces(file, parts):
        yield piece


async def _packed(file: Path, parts: tuple[slice, ...], blocks: Blocks | None) -> AsyncIterator[bytes]:
    checksum = length = 0
    under_way: deque[asyncio.Future[bytes]] = deque()
    yield _GZIP_HEADER
    try:
        for piece in _pieces_or_blocks(file, parts, blocks):
            if isinstance(piece, Block):
                checksum = joined_checksum(checksum, piece.checksum, piece.length)
                length += piece.length
                under_way.append(asyncio.ensure_future(_given(piece.packed)))
            else:
                checksum = zlib.crc32(piece, checksum)
                length += len(piece)
                under_way.append(asyncio.ensure_future(run_in_threadpool(deflate, piece)))
            if len(under_way) > AHEAD:
                yield await under_way.popleft()
        while under_way:
            yield await under_way.popleft()
    finally:
        for left in under_way:
            left.cancel()
    yield _END_OF_STREAM + struct.pack("<II", checksum, length & 0xFFFFFFFF)


async def _given(packed: bytes) -> bytes:
    return packed


def _pieces_or_blocks(file: Path, parts: tuple[slice, ...], blocks: Blocks | None) -> Iterator[bytes | Block]:
    for part in parts:
        within = blocks.within(part) if blocks is not None else range(0)
        if blocks is None or not within:
            yield from _pieces(file, (part,))
            continue
        yield from _pieces(file, (slice(part.start, int(blocks.starts[within.start])),))
        yield from blocks.read(within)
        yield from _pieces(file, (slice(int(blocks.starts[within.stop]), part.stop),))


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
