"""What all commands have in common: groups, examples, one JSON document, exit codes, and errors with their cause."""

import shlex
from collections.abc import Iterator

import pytest
import typer.main
from typer.core import TyperCommand, TyperGroup

from sf_elt.cli import app
from sf_elt.cli.examples import every_command, examples_of

ROOT = typer.main.get_command(app)
assert isinstance(ROOT, TyperGroup)


def _named(group: TyperGroup, before: tuple[str, ...] = ()) -> Iterator[tuple[str, TyperCommand]]:
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from _named(command, (*before, name))
        elif isinstance(command, TyperCommand):
            yield " ".join((*before, name)), command


COMMANDS = dict(_named(ROOT))
EXAMPLES = [line for command in every_command(ROOT) for line in examples_of(command)]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_examples_of_itself(name: str) -> None:
    """At least one, and all of them begin as the command does."""
    lines = examples_of(COMMANDS[name])
    assert lines
    assert [line for line in lines if not f"{line} ".startswith(f"sf-elt {name} ")] == []


@pytest.mark.parametrize("line", EXAMPLES)
def test_every_example_is_a_line_that_the_commands_accept(line: str) -> None:
    """Its options and values are those of the command: what stands behind a pipe is other programs' own."""
    words = shlex.split(line, comments=True)
    ends = [words.index(word) for word in ("|", ">") if word in words]
    _program, *arguments = words[: min(ends, default=len(words))]
    command: TyperCommand | TyperGroup = ROOT
    context = ROOT.make_context("sf-elt", list(arguments))
    while isinstance(command, TyperGroup):
        name, found, rest = command.resolve_command(context, [*context._protected_args, *context.args])
        assert isinstance(found, (TyperCommand, TyperGroup))
        context, command = found.make_context(name, rest, parent=context), found
