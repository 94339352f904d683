"""One reply to one landing file, byte for byte: gzip stays gzip, and no value becomes a Python object."""

import gzip
import logging
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from os import SEEK_END
from pathlib import Path
from typing import IO, cast

import requests
import urllib3
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from sf_elt.salesforce.connection import halting
from sf_elt.salesforce.connection.bounds import MOST_FROM_GZIP, Bounds, in_time, too_large
from sf_elt.salesforce.connection.connect import Org
from sf_elt.salesforce.errors import LandedBroken, ReplyOutOfBounds, ReplyTruncated

log = logging.getLogger(__name__)

BROKEN_GZIP = (EOFError, gzip.BadGzipFile, zlib.error)
CHUNK = 1 << 17  # bytes: over a slow line, a second's worth or so, after which a halt is heard


@dataclass(frozen=True)
class LandedReply:
    """One reply that has landed whole."""

    file: Path
    headers: Mapping[str, str]


@dataclass(frozen=True)
class _Bound:
    """How many bytes a page may have, unpacked, and which variable says so."""

    bytes: int
    variable: str


@dataclass(frozen=True)
class Download:
    """What a query gave: its landing files in order, and how many rows the org says they hold.

    One that was too long was asked in `column_groups` queries; `rows_read_again` were saved between these.
    """

    transport: str  # rest | bulk
    files: tuple[Path, ...]
    reported: int
    column_groups: int = 1
    rows_read_again: int = 0


def fetch_page(
    org: Org,
    path: str,
    file: Path,
    *,
    params: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    by_rest: bool = False,
) -> LandedReply:
    """Streams one reply into `file` (with `.gz` added where it comes compressed), which exists only once it is whole.

    `by_rest`: it is a page of a query by REST, which may have fewer bytes than others.

    A body that breaks off is fetched again from its own address. Raises ReplyTruncated when it keeps breaking off,
    Halted in a thread that is halted. Several threads may fetch pages of one org.
    """
    attempts = Retrying(
        retry=retry_if_exception_type(ReplyTruncated),
        wait=wait_random_exponential(multiplier=org.transport.patience.first_wait, max=30),
        stop=stop_after_attempt(org.transport.patience.attempts),
        sleep=halting.sleep,
        before_sleep=lambda state: log.warning("%s", state.outcome.exception() if state.outcome else ""),
        reraise=True,
    )
    return attempts(_fetch_once, org, path, file, dict(params or {}), dict(headers or {}), by_rest=by_rest)


@contextmanager
def opened(file: Path) -> Iterator[IO[bytes]]:
    """The landed bytes, decompressed. Whoever reads them in the block raises LandedBroken where they are no gzip."""
    with cast(IO[bytes], gzip.open(file, "rb")) if file.suffix == ".gz" else file.open("rb") as body:
        try:
            yield body
        except BROKEN_GZIP as error:
            raise LandedBroken(f"{file.name}: its compression breaks off; run it again later") from error


def _bound(bounds: Bounds, *, by_rest: bool) -> _Bound:
    if by_rest:
        return _Bound(bounds.rest_page_bytes, "SF_ELT_REST_PAGE_MB")
    return _Bound(bounds.page_bytes, "SF_ELT_PAGE_MB")


def _fetch_once(
    org: Org, path: str, file: Path, params: dict[str, str], headers: dict[str, str], *, by_rest: bool
) -> LandedReply:
    bound = _bound(org.transport.bounds, by_rest=by_rest)
    headers = {"Accept-Encoding": "gzip"} | headers
    with org.session.get(org.url(path), params=params, headers=headers, stream=True) as response:
        encoding = response.headers.get("Content-Encoding", "").lower()
        compressed = encoding in ("gzip", "x-gzip")
        whole = file.with_name(file.name + ".gz") if compressed else file
        part = file.with_name(file.name + ".part")
        where = f"GET {path.partition('?')[0]}"
        try:
            if not compressed and encoding not in ("", "identity"):
                raise zlib.error(f"it comes as {encoding[:20]}, and gzip was asked for")
            _land(response, part, bound, org.transport.bounds.page_seconds, where, compressed=compressed)
        except ReplyOutOfBounds:
            part.unlink(missing_ok=True)
            raise
        except (urllib3.exceptions.HTTPError, *BROKEN_GZIP) as error:
            part.unlink(missing_ok=True)
            raise ReplyTruncated(f"{where}: the reply broke off: {error}; run it again later") from error
        if by_rest and part.stat().st_size == 0:
            raise ReplyTruncated(f"{where}: the reply is empty; run it again later")
        part.rename(whole)
        return LandedReply(whole, response.headers)


def _land(
    response: requests.Response, part: Path, bound: _Bound, seconds: float, where: str, *, compressed: bool
) -> None:
    """Writes the body, and looks whether it is whole and no more than a page may be, unpacked."""
    with in_time(response.raw.shutdown, seconds, where, "SF_ELT_PAGE_SECONDS"):
        size = _write_body(response, part, bound.bytes)
    if compressed:
        to_the_end = not _is_framed(response) or size * MOST_FROM_GZIP > bound.bytes
        size = _check_gzip(part, bound.bytes, to_the_end=to_the_end)
    elif size <= bound.bytes and not _is_framed(response):
        _require_end(part)
    if size > bound.bytes:
        raise too_large(where, bound.bytes, bound.variable)


def _write_body(response: requests.Response, part: Path, most: int) -> int:
    """Gives how many bytes came: all, or more than `most`."""
    written = 0
    with part.open("wb") as landing:
        response.raw.decode_content = False
        while written <= most and (chunk := response.raw.read(CHUNK)):
            halting.require_wanted()
            written += landing.write(chunk)
    return written


def _is_framed(response: requests.Response) -> bool:
    """Whether HTTP itself notices a body that breaks off."""
    return "Content-Length" in response.headers or "chunked" in response.headers.get("Transfer-Encoding", "").lower()


def _require_end(file: Path) -> None:
    """Raises where CSV does not end with a line, or JSON with a bracket: cut in its last row, that row might be read.

    (`"00Q…",` is a row whose last field is null.)
    """
    with file.open("rb") as body:
        size = body.seek(0, SEEK_END)
        body.seek(max(0, size - 1))
        if body.read() not in (b"", b"\n", b"}", b"]"):
            raise EOFError("it ends within a row")


def _check_gzip(file: Path, most: int, *, to_the_end: bool) -> int:
    """Raises where it is not gzip, or breaks off; `to_the_end` costs as much as decompressing it.

    Gives how many bytes it has looked at, and stops where there are more than `most`.
    """
    unpacked = 0
    with gzip.open(file, "rb") as body:
        while chunk := body.read(CHUNK):
            unpacked += len(chunk)
            if not to_the_end or unpacked > most:
                break
    return unpacked
