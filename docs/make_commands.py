"""Writes docs/commands.md from the commands themselves: what each does, its arguments and options, examples.

python docs/make_commands.py           # writes the page
python docs/make_commands.py --check   # says whether it is as it would write it
"""

import argparse
import sys
from collections.abc import Iterator, Mapping
from enum import Enum
from inspect import cleandoc
from pathlib import Path

import typer.main
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from sf_elt.cli import app
from sf_elt.cli.examples import examples_of
from sf_elt.cli.faults import VERBOSE, ExitCode

PAGE = Path(__file__).parent / "commands.md"
MADE = "<!-- docs/make_commands.py has written this page from the code: change the code, and run it again. -->"

KINDS = {int: "NUMBER", Path: "FILE", float: "NUMBER", str: "TEXT"}

OF_ALL = f"""
Every command says with `--help` what it does, what it takes, and examples. Run them in the project's folder, as
`.venv/bin/sf-elt`, or by the bare name after `. .venv/bin/activate`: variables
of a file `.env` there go before those of the environment, as they do in Dagster.

## What holds for all of them

- Answers go to standard output; what is said beside them (counts, waiting, errors) goes to standard error.
- `--json` writes one JSON document to standard output and nothing else there. Where a command fails there is none, or
  one that breaks off: the reason is a sentence on standard error, and the exit code is the same. Commands that list
  records take `--format` too: `table` on a terminal, `csv` elsewhere, `jsonl` with a record a line.
- An error is a sentence with its cause. `--verbose`, anywhere in the line, or `{VERBOSE}=1` adds the traceback of all
  causes and what this project logs meanwhile, without passwords and tokens.
- Tables fit the terminal, or become lines; `NO_COLOR=1` takes the colours away. What the org holds cannot drive a
  terminal.
- A bar on standard error shows how far a command is, where that is a terminal.
- `sf-elt --install-completion` has your shell complete commands, options, and the names of connections, imports,
  exports and audiences.

## Exit codes
"""


def page() -> str:
    """All of it."""
    root = typer.main.get_command(app)
    if not isinstance(root, TyperGroup):
        raise TypeError("sf-elt is no group of commands")
    parts = ["# Commands", MADE, OF_ALL.strip(), _codes()]
    for title, commands in _panels(root).items():
        parts += [f"## {title}", *(_section(name, each) for name, each in commands.items())]
    return "\n\n".join(parts) + "\n"


def _panels(root: TyperGroup) -> Mapping[str, dict[str, TyperCommand]]:
    """As `sf-elt --help` has them, with the commands of groups."""
    panels: dict[str, dict[str, TyperCommand]] = {}
    for name, command in root.commands.items():
        if isinstance(command, (TyperCommand, TyperGroup)) and not command.hidden:
            panels.setdefault(str(command.rich_help_panel or "More"), {}).update(_within(name, command))
    return panels


def _within(name: str, command: TyperCommand | TyperGroup) -> Iterator[tuple[str, TyperCommand]]:
    if isinstance(command, TyperCommand):
        yield name, command
        return
    for own, each in command.commands.items():
        if isinstance(each, (TyperCommand, TyperGroup)) and not each.hidden:
            yield from _within(f"{name} {own}", each)


def _codes() -> str:
    return "\n".join(
        ["| Code | What it says |", "|---|---|", *(f"| {each.value} | {_cell(each.meaning)} |" for each in ExitCode)]
    )


def _section(name: str, command: TyperCommand) -> str:
    parts = [f"### {name}", cleandoc(command.help or "")]
    rows = [row for each in command.params if (row := _row(each))]
    if rows:
        parts.append("\n".join(["| Takes | What it is |", "|---|---|", *rows]))
    examples = "\n".join(examples_of(command))
    parts.append(f"```sh\n{examples}\n```")
    return "\n\n".join(parts)


def _row(parameter: object) -> str:
    """One argument or option; nothing for what is hidden and for --help."""
    if isinstance(parameter, TyperArgument):
        return f"| `{parameter.metavar or str(parameter.name).upper()}` | {_cell(parameter.help)} |"
    if not isinstance(parameter, TyperOption) or parameter.hidden or parameter.name == "help":
        return ""
    names = " ".join(f"`{name}`" for name in (*parameter.opts, *parameter.secondary_opts))
    value = "" if parameter.is_flag else f" `{parameter.metavar or _kind(parameter)}`"
    return f"| {names}{value} | {_cell(parameter.help)} |"


def _kind(option: TyperOption) -> str:
    """What kind of value it takes."""
    annotation = option.type_descriptor.annotation
    values = [each.value for each in annotation] if isinstance(annotation, type(Enum)) else []
    return "\\|".join(values) or KINDS.get(annotation, "VALUE")


def _cell(text: str | None) -> str:
    return " ".join((text or "").split()).replace("|", "\\|")


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 where the page is not current")
    only_check = parser.parse_args().check
    is_current = PAGE.exists() and PAGE.read_text("utf-8") == page()
    if not only_check:
        PAGE.write_text(page(), "utf-8")
    sys.exit(1 if only_check and not is_current else 0)


if __name__ == "__main__":
    main()
