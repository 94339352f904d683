"""Questions at a terminal: a line that can be edited, and keys that are heard only while something is asked."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer


def asked(question: str, *, default: str = "", between: str = " ") -> str:
    """A line of text; Enter takes the default. Several pasted lines are one answer, with `between` between them.

    Raises typer.Abort at Ctrl-C and at the end of input.
    """
    _let_lines_be_edited()
    shown = f"{question} [{default}]: " if default else f"{question}: "
    while True:
        try:
            said = input(shown)
            said.encode()
        except UnicodeError:
            typer.echo("That is not in the terminal's encoding: type it again.")
            continue
        except (KeyboardInterrupt, EOFError):
            raise typer.Abort from None
        lines = (line.strip() for line in said.splitlines())
        return between.join(line for line in lines if line) or default


def agreed(question: str, *, default: bool) -> bool:
    """Yes or no; Enter takes the default. Raises typer.Abort as `asked` does."""
    while True:
        said = asked(f"{question} [{'Y/n' if default else 'y/N'}]").casefold()
        if said in ("", "y", "yes", "n", "no"):
            return default if not said else said.startswith("y")
        typer.echo(f"{said!r} is neither y nor n")


@contextmanager
def unheard() -> Iterator[None]:
    """What is typed until the end of the block is not shown, and is no answer to a question that comes after it."""
    import termios

    if not sys.stdin.isatty():
        yield
        return
    before = termios.tcgetattr(sys.stdin)
    silent = [*before[:3], before[3] & ~termios.ECHO, *before[4:]]
    termios.tcsetattr(sys.stdin, termios.TCSADRAIN, silent)
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSAFLUSH, before)


def _let_lines_be_edited() -> None:
    """By readline, where there is one: arrow keys move, and what is pasted comes as one answer."""
    try:
        import readline
    except ImportError:
        return
    if os.environ.get("TERM", "dumb") != "dumb":
        readline.parse_and_bind("set enable-bracketed-paste on")
