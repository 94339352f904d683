"""Counts in words, for every room."""


def count(number: int, one: str, many: str = "") -> str:
    """`1 person`, `1,204 people`; what adds an s for several needs no second word."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def in_bytes(number: int) -> str:
    """`12.3 GiB`; what is less than one of them as `30 MiB`."""
    return f"{number / (1 << 30):,.1f} GiB" if number >= 1 << 30 else f"{number >> 20} MiB"
