"""Asking somebody at a terminal."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from pydantic import ValidationError
from rich.console import Console, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from sf_elt.cli.asking import agreed, asked, unheard
from sf_elt.cli.init.answers import in_words
from sf_elt.cli.showing import broken_markup, safe
from sf_elt.cli.waiting import waiting

Value = TypeVar("Value")


class Terminal:
    """Where questions are asked. Ctrl-C and the end of input raise typer.Abort. A quiet one says nothing."""

    def __init__(self, *, quiet: bool = False) -> None:
        self.is_quiet = quiet
        self._console = Console(highlight=False, soft_wrap=True, quiet=quiet)

    @staticmethod
    def safe(text: str) -> str:
        """A text of the org or of a person, without what a terminal or rich's markup would obey."""
        return escape(safe(text, keep_lines=True))

    def say(self, markup: str = "") -> None:
        """Lines in rich's markup, which end at words where somebody reads them."""
        console = self._console
        console.print(broken_markup(markup, console.width) if console.is_terminal else markup)

    def heading(self, text: str) -> None:
        """The beginning of a part."""
        self._console.print(Text(f"\n{text}", style="bold"))

    def print(self, what: RenderableType) -> None:
        """Something of rich's, in the terminal's width."""
        self._console.print(what, soft_wrap=False)

    @contextmanager
    def waiting(self, what: str) -> Iterator[None]:
        """Says what takes its time, until the end of the block; what is typed meanwhile answers nothing."""
        with waiting(what), unheard():
            yield

    def rows(self, rows: Sequence[Sequence[str]]) -> None:
        """Rows side by side, without lines."""
        table = Table.grid(padding=(0, 2, 0, 0))
        for cells in rows:
            table.add_row(*(Text(safe(cell), overflow="fold") for cell in ("", *cells)))
        self.print(table)

    def ask(self, question: str, *, default: str, between: str = " ") -> str:
        """A line of text; Enter takes the default. `between` stands between lines that were pasted together."""
        return asked(question, default=default, between=between)

    def ask_until(self, question: str, read: Callable[[str], Value], *, default: str) -> Value:
        """A line that `read` accepts; what it raises as a ValueError is said, and the question asked again."""
        while True:
            try:
                return read(self.ask(question, default=default).strip())
            except ValidationError as error:
                self.say(f"[yellow]{self.safe(in_words(error.errors()[0]))}[/]")
            except ValueError as error:
                self.say(f"[yellow]{self.safe(str(error))}[/]")

    def pick(self, question: str, choices: Sequence[tuple[str, str]], *, default: str) -> str:
        """One of several, by its number or its name; each with what it means."""
        names = [name for name, _ in choices]
        self.rows([(str(place), name, told) for place, (name, told) in enumerate(choices, start=1)])

        def read(said: str) -> str:
            if said.isdecimal() and 1 <= int(said) <= len(names):
                return names[int(said) - 1]
            if said not in names:
                raise ValueError(f"{said!r} is none of them: a number from 1 to {len(names)}, or a name")
            return said

        return self.ask_until(question, read, default=default)

    def confirm(self, question: str, *, default: bool) -> bool:
        """Yes or no."""
        return agreed(question, default=default)
