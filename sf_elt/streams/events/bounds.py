"""What is taken of an event file at once, and what of it is no event: a file of a few KB may be gigabytes unpacked."""

import pyarrow as pa

BATCH = 32 << 20
"""Bytes of a file that are looked at together."""

ROWS = 200_000
"""Rows that are looked at together: short ones, and empty lines, take memory by their number."""

LONGEST = 16 << 20
"""Bytes of a row, beyond which it is set aside."""

VALUES = 200_000
"""Values of a row of JSON, beyond which it is set aside: in memory each takes twenty times its text and more."""

SHOWN = 1_000
"""Characters that are kept of a row that is too long."""

QUOTED = 64 << 20
"""Bytes in which the end of what a quote opens is looked for."""

HEADER = 1 << 20
"""Bytes of the first line of CSV, beyond which it is thought to be none."""

COLUMNS = 2_000

SET_ASIDE = 1_000_000
"""Rows of a file, beyond which, where they are more than its events, it is thought to be none of events."""


def too_long(length: int) -> str:
    """Why a row of so many bytes is set aside."""
    return f"longer than {LONGEST >> 20} MB: {length:,} bytes"


def row_too_long(line: int, row_number: int, beginning: bytes, length: int) -> pa.Table:
    """The row that stands for a line of so many bytes, of which only the beginning is kept."""
    return pa.table(
        {
            "line": [line],
            "row_number": [row_number],
            "content": pa.array([beginning[:SHOWN].decode("utf-8", "backslashreplace")], pa.large_string()),
            "problem": [too_long(length)],
        }
    )
