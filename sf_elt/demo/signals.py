"""The signals that end a demonstration."""

import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

EndedBy = Callable[[], int | None]
"""The number of the first signal that has come, or None."""


class Ended(KeyboardInterrupt):
    """A signal came. Of a class of its own: where Python's own passes through text that is executed, as in the making
    of a dataclass, `python -m` ends by SIGINT at last, whatever exit status has been asked for.
    """


@contextmanager
def on_signals(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Calls `handler` for each of them, also where the shell that started us in the background ignores them."""
    before = {number: signal.signal(number, handler) for number in ENDING}
    try:
        yield
    finally:
        for number, usual in before.items():
            signal.signal(number, usual)


@contextmanager
def signals_interrupt() -> Iterator[EndedBy]:
    """Turns the first of them into Ended, so that everything is cleaned up; more do not disturb that.

    Dagster has handlers of its own while a run goes on, and DuckDB makes an error of its own of theirs. What this gives
    knows of the signal all the same.
    """
    received: list[int] = []
    raised = False
    reader, writer = socket.socketpair()
    reader.setblocking(False)
    writer.setblocking(False)

    def ended_by() -> int | None:
        with suppress(BlockingIOError):
            received.extend(number for number in reader.recv(64) if number in ENDING)
        return received[0] if received else None

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        nonlocal raised
        if not raised:
            raised = True
            raise Ended

    with reader, writer, on_signals(interrupt):
        before = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
        try:
            yield ended_by
        finally:
            signal.set_wakeup_fd(before)
