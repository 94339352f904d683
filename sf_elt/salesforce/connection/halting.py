"""Threads that nobody waits for any more: they wait no longer, and ask the org for nothing more.

    with halted_by(event):     # in the thread that is to hear of it
        …

    begun(call).result(60)     # what it gives, or TimeoutError after a minute

Python ends a process only once all its threads are done. A cancelled run would stay for as long as an org may ask a
thread to wait, which is minutes.
"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Event, Thread
from typing import TypeVar

_Given = TypeVar("_Given")


class Halted(Exception):
    """Nobody wants the rest any more."""


_halt: ContextVar[Event | None] = ContextVar("halt", default=None)


@contextmanager
def halted_by(halt: Event) -> Iterator[None]:
    """Has what this thread does in the block end with Halted soon after the event is set."""
    token = _halt.set(halt)
    try:
        yield
    finally:
        _halt.reset(token)


def require_wanted() -> None:
    """Raises Halted where the thread's event is set."""
    halt = _halt.get()
    if halt is not None and halt.is_set():
        raise Halted


def sleep(seconds: float) -> None:
    """Waits. Raises Halted as soon as the thread's event is set."""
    halt = _halt.get()
    if halt is None:
        time.sleep(seconds)
    elif halt.wait(seconds):
        raise Halted


def begun(call: Callable[[], _Given]) -> Future[_Given]:
    """What the call will give, in a thread that no process waits for when it ends: it may never be answered."""
    given = Future[_Given]()

    def ask() -> None:
        try:
            given.set_result(call())
        except BaseException as error:
            given.set_exception(error)

    Thread(target=ask, daemon=True).start()
    return given
