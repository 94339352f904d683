"""How long work tells where it is: what it does, how much of it is done, and out of how much where that is known."""

from collections.abc import Callable

Progress = Callable[[str, int, int | None], None]


def say_nothing(what: str, done: int, total: int | None) -> None:
    """For those who do not ask."""
