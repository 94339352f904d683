"""A job's rows compressed once, while the job runs, for clients that take gzip: a page is then read, not made.

Salesforce packs its pages on machines of its own; here the client shares the processor with the org, and would wait for
every page to be compressed anew. Blocks of rows are deflated independently (as pigz does it), so that a page is the
blocks within it, one gzip member with what is left at its two ends.
"""

import os
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

PIECE = 256 * 1024
AHEAD = max(2, os.cpu_count() or 1)
_POLYNOMIAL = 0xEDB88320  # of CRC-32, reflected
_ONE = 1 << 31


@dataclass(frozen=True)
class Block:
    """Deflate blocks of so many plain bytes, with their CRC-32."""

    packed: bytes
    checksum: int
    length: int


@dataclass(frozen=True)
class Blocks:
    """A file's rows, packed: block i holds the plain bytes from `starts[i]` to `starts[i + 1]`."""

    file: Path
    starts: NDArray[np.int64]
    offsets: NDArray[np.int64]
    checksums: NDArray[np.uint32]

    def within(self, part: slice) -> range:
        """The blocks that lie in a part of the plain file as a whole."""
        first = int(np.searchsorted(self.starts, part.start))
        last = int(np.searchsorted(self.starts, part.stop, side="right")) - 1
        return range(first, max(first, last))

    def read(self, wanted: range) -> Iterator[Block]:
        with self.file.open("rb") as stream:
            for number in wanted:
                stream.seek(int(self.offsets[number]))
                packed = stream.read(int(self.offsets[number + 1] - self.offsets[number]))
                length = int(self.starts[number + 1] - self.starts[number])
                yield Block(packed, int(self.checksums[number]), length)


def pack(file: Path, row_starts: NDArray[np.int64]) -> Blocks:
    """Packs the rows of a file into another beside it, in blocks that begin where rows begin."""
    places = np.searchsorted(row_starts, np.arange(row_starts[0], row_starts[-1], PIECE))
    starts = np.unique(np.append(row_starts[places], row_starts[-1]))
    packed_file = file.with_name(file.name + ".blocks")
    offsets, checksums = [0], []
    with file.open("rb") as plain, packed_file.open("wb") as packed, ThreadPoolExecutor(AHEAD) as threads:

        def one(number: int) -> Block:
            begin, end = int(starts[number]), int(starts[number + 1])
            content = os.pread(plain.fileno(), end - begin, begin)
            return Block(deflate(content), zlib.crc32(content), len(content))

        for block in threads.map(one, range(len(starts) - 1)):
            packed.write(block.packed)
            offsets.append(offsets[-1] + len(block.packed))
            checksums.append(block.checksum)
    return Blocks(packed_file, starts, np.array(offsets), np.array(checksums, dtype=np.uint32))


def deflate(piece: bytes) -> bytes:
    """The piece as deflate blocks that end on a byte and are not the last."""
    packer = zlib.compressobj(1, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(piece) + packer.flush(zlib.Z_SYNC_FLUSH)


def joined_checksum(first: int, second: int, length: int) -> int:
    """The CRC-32 of two texts one after the other, the second of so many bytes (zlib's crc32_combine)."""
    return _times(_shift(length), first) ^ second


def _shift(length: int) -> int:
    """x to the power of eight times the length, modulo the polynomial."""
    power, factor = _ONE, 1 << 23  # x^0, x^8
    while length:
        if length & 1:
            power = _times(factor, power)
        factor = _times(factor, factor)
        length >>= 1
    return power


def _times(a: int, b: int) -> int:
    """The product of two polynomials modulo that of CRC-32; bit 31 is x^0."""
    product = 0
    bit = _ONE
    while a:
        if a & bit:
            product ^= b
            a ^= bit
        bit >>= 1
        b = (b >> 1) ^ _POLYNOMIAL if b & 1 else b >> 1
    return product
