"""Where the rows of a CSV begin, and how many there are: found by its quotes and line feeds, without parsing it."""

from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

_BLOCK = 1024 * 1024
_QUOTE, _NEWLINE = ord('"'), ord("\n")


def row_starts(stream: BinaryIO) -> NDArray[np.int64]:
    """The offsets behind each line feed with an even number of quotes before it: the header's end comes first."""
    found: list[NDArray[np.int64]] = [np.empty(0, np.int64)]
    offset, odd = 0, 0
    while block := stream.read(_BLOCK):
        read = np.frombuffer(block, np.uint8)
        quotes = np.flatnonzero(read == _QUOTE)
        line_feeds = np.flatnonzero(read == _NEWLINE)
        outside = (np.searchsorted(quotes, line_feeds) + odd) % 2 == 0
        found.append(line_feeds[outside] + (offset + 1))
        offset += len(block)
        odd = (odd + len(quotes)) % 2
    return np.concatenate(found).astype(np.int64)


def count_rows(stream: BinaryIO) -> int:
    """The rows below the header, blank lines aside; the last may end without a line feed."""
    starts = row_starts(stream)
    lengths = np.diff(starts, append=stream.tell()) if len(starts) else starts
    short = starts[(lengths > 0) & (lengths <= len(b"\r\n"))]
    return int(np.count_nonzero(lengths)) - sum(_is_blank(stream, int(begin)) for begin in short)


def _is_blank(stream: BinaryIO, begin: int) -> bool:
    """Whether nothing stands in the line that begins there."""
    stream.seek(begin)
    return stream.readline().strip(b"\r\n") == b""
