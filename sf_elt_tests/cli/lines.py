"""Lines of a shell, as the commands would read them: parsed in this process, and not run."""

import re
import shlex
from collections.abc import Iterator

import typer
import typer.main
from typer.core import TyperCommand, TyperGroup

from sf_elt.cli import app

ROOT = typer.main.get_command(app)
assert isinstance(ROOT, TyperGroup)

(UsageError,) = typer.BadParameter.__bases__  # typer has click's, and gives it no public name

_ENDS = ("|", "||", "&&", ";", ">", ">>", "2>", "<", "&")


def accept(line: str) -> None:
    """Raises UsageError, as the commands do, for a command, an option or a value that there is none of."""
    _, *arguments = _words(line)
    command: TyperCommand | TyperGroup = ROOT
    context = ROOT.make_context("sf-elt", list(arguments))
    while isinstance(command, TyperGroup):
        name, found, rest = command.resolve_command(context, [*context._protected_args, *context.args])
        assert isinstance(found, (TyperCommand, TyperGroup))
        context, command = found.make_context(name, rest, parent=context), found


def lines_of(text: str) -> Iterator[str]:
    """The calls of sf-elt in the lines of a shell block, wherever in a line they begin; continued lines as one."""
    for line in text.replace("\\\n", " ").splitlines():
        for part in re.split(r"\s(?:\|\|?|&&|;)\s", line.removeprefix("$ ").removeprefix("# sf_elt-run ")):
            if found := re.match(r"\s*(?:\w+=\S+\s+)*(?:\.venv/bin/)?(sf-elt\s.*|sf-elt$)", part):
                yield found[1]


def _words(line: str) -> list[str]:
    words = shlex.split(line, comments=True)
    return words[: min((words.index(word) for word in _ENDS if word in words), default=len(words))]
