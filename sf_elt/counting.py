"""Counts in words, for every room."""


def count(number: int, one: str, many: str = "") -> str:
    """`1 person`, `1,204 people`; what adds an s for several needs no second word."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
