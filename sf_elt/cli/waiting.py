"""How far a command is that takes its time: a bar on a terminal, and nothing where nobody looks."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sf_elt.cli.showing import safe, say

Told = Callable[[str, int, int | None], None]
"""What is being done, how much of it is done, and of how much; None where nobody knows."""


def _nobody(doing: str, done: int, total: int | None) -> None:
    """Hears it."""


@contextmanager
def waiting(what: str, *, elsewhere: Told = _nobody) -> Iterator[Told]:
    """Shows on standard error, where that is a terminal, what is being done until the end of the block.

    Where it is none, `elsewhere` is told. A terminal that cannot draw (TERM=dumb) gets a line for each new thing.
    """
    if not sys.stderr.isatty():
        yield elsewhere
        return
    from rich.console import Console

    console = Console(stderr=True)
    if console.is_dumb_terminal:
        yield _line_by_line(what)
        return
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=20),
        TextColumn("{task.fields[counted]}", markup=False),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(what, total=None, counted="")

        def told(doing: str, done: int, total: int | None) -> None:
            counted = f"{done:,}" + ("" if total is None else f" of {total:,}") if done or total else ""
            progress.update(task, description=f"{what} {safe(doing)}", completed=done, total=total, counted=counted)

        yield told


def _line_by_line(what: str) -> Told:
    """Says now that it has begun, and later each thing that is new."""
    last = ""

    def told(doing: str, _done: int, _total: int | None) -> None:
        nonlocal last
        if doing != last:
            last = doing
            say(f"{what} {doing} …")

    say(f"{what} …")
    return told
