"""Questions at a terminal: a line that can be edited, and keys that are heard only while something is asked."""

import getpass
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer


def asked(question: str, *, default: str = "", between: str = " ", required: bool = False) -> str:
    """A line of text; Enter takes the default. Several pasted lines are one answer, with `between` between them.

    What is required is asked until it is no empty line. Raises typer.Abort at Ctrl-C and at the end of input.
    """
    shown = f"{question} [{default}]: " if default else f"{question}: "
    while True:
        try:
            said = _line(shown)
            said.encode()
        except UnicodeError:
            typer.echo("That is not in the terminal's encoding: type it again.", err=True)
            continue
        except (KeyboardInterrupt, EOFError):
            raise typer.Abort from None
        lines = (line.strip() for line in said.splitlines())
        answer = between.join(line for line in lines if line) or default
        if answer or not required:
            return answer


def asked_secretly(question: str, *, required: bool = False) -> str:
    """A line of text that is not shown, and nothing around it that is pasted with it. Raises typer.Abort as `asked`."""
    while True:
        try:
            said = getpass.getpass(f"{question}: ") if sys.stdin.isatty() else _line(f"{question}: ")
        except (KeyboardInterrupt, EOFError):
            raise typer.Abort from None
        if said.strip() or not required:
            return said.strip()


def agreed(question: str, *, default: bool) -> bool:
    """Yes or no; Enter takes the default. Raises typer.Abort as `asked` does."""
    while True:
        said = asked(f"{question} [{'Y/n' if default else 'y/N'}]").casefold()
        if said in ("", "y", "yes", "n", "no"):
            return default if not said else said.startswith("y")
        typer.echo(f"{said!r} is neither y nor n", err=True)


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


def _line(shown: str) -> str:
    """What is typed after a question, which stands on standard output only where that is the terminal."""
    if sys.stdin.isatty() and sys.stdout.isatty():
        _let_lines_be_edited()
        return input(shown)
    typer.echo(shown, nl=False, err=True)
    if line := sys.stdin.readline():
        return line
    raise EOFError


def _let_lines_be_edited() -> None:
    """By readline, where there is one: arrow keys move, and what is pasted comes as one answer."""
    try:
        import readline
    except ImportError:
        return
    if os.environ.get("TERM", "dumb") != "dumb":
        readline.parse_and_bind("set enable-bracketed-paste on")
