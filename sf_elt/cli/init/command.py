"""`sf-elt init`: the command."""

import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from sf_elt.cli.asking import agreed, unheard
from sf_elt.cli.environment import begin
from sf_elt.cli.examples import examples
from sf_elt.cli.showing import JsonOption, refuse, say, show_json

if TYPE_CHECKING:
    from sf_elt.cli.init.conversation import Said
    from sf_elt.cli.init.planning import Plan


@examples(
    "sf-elt init                              # asks, shows what it would write, and writes it",
    "sf-elt init --into sf_elt/defs/sandbox   # a second org, in a folder of its own",
    "sf-elt init --answers answers.yaml       # asks only whether files may be changed",
    "sf-elt init --yes --json | jq .next      # what most begin with, for a program",
)
def init(
    into: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Folder for the YAML. Default: sf_elt/defs, which this deployment runs."),
    ] = None,
    answers: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Answers in YAML or JSON; what it leaves out is as it stands, or usual."),
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Ask nothing: answers are as they stand, or usual; files are changed.")
    ] = False,
    offline: Annotated[bool, typer.Option("--offline", help="Ask nothing of the org.")] = False,
    show: Annotated[bool, typer.Option("--show", help="Show what would be written, and write nothing.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Asks a few questions and writes the YAML of a deployment: connection, objects and fields, audiences, exports.

    Nothing is written before it has been shown and has loaded, and no file is changed without being asked for.
    """
    asks = not yes and answers is None
    with unheard() if asks else nullcontext():
        begin()
        from sf_elt.cli.init.answers import AnswersRefused
        from sf_elt.cli.init.conversation import Conversation
        from sf_elt.components.wrong_yaml import DEFS, WrongYaml

    folder = (into or DEFS).resolve()
    if asks and not (sys.stdin.isatty() and sys.stdout.isatty()):
        refuse("init", "there is no terminal to ask at: give --answers FILE, or --yes for what most begin with")
    if as_json and not yes:
        refuse("init", "--json goes with --yes: a program cannot be asked")
    if folder.exists() and not folder.is_dir():
        refuse("init", f"{folder} is no folder")
    conversation = Conversation(folder, offline=offline, quiet=as_json)
    said = None
    try:
        said = conversation.asked() if asks else conversation.read(answers)
        prepared = conversation.prepared(said)
        conversation.show(prepared)
        if show or not _may_write(prepared.plan, asks=asks, yes=yes):
            conversation.terminal.say("Nothing was written.")
            if as_json:
                show_json(conversation.told(prepared, written=False))
            return
        loaded = conversation.write(prepared)
    except (AnswersRefused, WrongYaml) as error:
        _refuse_plan(str(error), said if asks else None)
    except OSError as error:
        _refuse_plan(f"{error.filename}: {error.strerror}", said if asks else None)
    except (typer.Abort, KeyboardInterrupt):
        say("\nNothing was written.")
        raise
    if as_json:
        show_json(conversation.told(prepared, written=True))
    else:
        conversation.end(loaded, said)


def _may_write(plan: "Plan", *, asks: bool, yes: bool) -> bool:
    """Whether the changes may be written: new files without a terminal, changed ones only where somebody agrees."""
    from sf_elt.cli.init.showing import counted

    if yes or not plan.changes:
        return True
    changed = [each for each in plan.changes if each.before is not None]
    if not asks and not changed:
        return True
    if not sys.stdin.isatty():
        refuse("init", f"{counted(plan.changes)}: nobody is there to agree to the changes; --yes agrees to them")
    return agreed(f"Write {counted(plan.changes)}?", default=not changed)


def _refuse_plan(reason: str, said: "Said | None") -> NoReturn:
    """The YAML would not load, or cannot be written; what was answered is not lost."""
    told = f"{reason}\nNothing was written."
    if said is not None:
        told += f" Your answers, for `sf-elt init --answers FILE`:\n\n{said.answers.as_yaml()}"
    refuse("init", told)
