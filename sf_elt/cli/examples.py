"""Examples at the end of each command's `--help`, written above its function.

    @examples(
        "sf-elt check                    # every connection",
        "sf-elt check sandbox --json     # one, for a program",
    )
    def check(...) -> None:

They are lines of a shell; what stands behind `#` is for people. A test holds each of them against the commands.
"""

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from typer.core import TyperCommand, TyperGroup

Function = TypeVar("Function", bound=Callable[..., Any])

_examples: dict[tuple[str, str], tuple[str, ...]] = {}


def examples(*lines: str) -> Callable[[Function], Function]:
    """Keeps the lines for the help of the command that the function becomes."""

    def keep(function: Function) -> Function:
        _examples[function.__module__, function.__qualname__] = lines
        return function

    return keep


def examples_of(command: TyperCommand) -> tuple[str, ...]:
    """The lines that were written above the command's function."""
    function = command.callback
    return _examples.get((function.__module__, function.__qualname__), ()) if function is not None else ()


def show_examples(group: TyperGroup) -> None:
    """Puts its examples below the help of each command in the group, and in the groups within."""
    for command in every_command(group):
        if lines := examples_of(command):
            command.epilog = "\n\n".join(["[bold]Examples[/]", *map(_marked_up, lines)])


def every_command(group: TyperGroup) -> Iterator[TyperCommand]:
    """The commands of a group and of the groups within, in their order."""
    for command in group.commands.values():
        if isinstance(command, TyperGroup):
            yield from every_command(command)
        elif isinstance(command, TyperCommand):
            yield command


def _marked_up(line: str) -> str:
    """`$ sf-elt …  # what for`, with the reason dimmed, as rich's markup."""
    from rich.markup import escape

    command, mark, why = line.partition("  #")
    told = f"  [dim]#{escape(why)}[/]" if mark else ""
    return f"[dim]$[/] {escape(command.rstrip())}{told}"
