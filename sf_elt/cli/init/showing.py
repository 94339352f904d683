"""What would be written, and what comes next."""

import os
from collections.abc import Sequence
from difflib import unified_diff
from pathlib import Path

from rich.syntax import Syntax

from sf_elt.cli.init.answers import Answers
from sf_elt.cli.init.planning import Change
from sf_elt.cli.showing import safe
from sf_elt.components.status.instance import START
from sf_elt.counting import count

OPTIONS = {"browser": "", "client_credentials": " --client-credentials", "password": " --password"}
"""Way of logging in → what `sf-elt login` is told."""


def differences(change: Change) -> str:
    """A file that stands, line by line: what goes and what comes."""
    name = shown(change.file)
    lines = unified_diff(
        (change.before or "").splitlines(keepends=True),
        change.after.splitlines(keepends=True),
        f"{name} (as it is)",
        f"{name} (as it would be)",
    )
    return safe("".join(lines), keep_lines=True)


def coloured(text: str, language: str) -> Syntax:
    """For a terminal."""
    return Syntax(text, language, theme="ansi_dark", background_color="default", word_wrap=True)


def shown(file: Path) -> str:
    """The file as somebody would name it from here."""
    return os.path.relpath(file) if file.is_relative_to(Path.cwd()) else str(file)


def next_commands(answers: Answers, way: str, *, signed_in: bool, lacking: bool) -> list[tuple[str, str]]:
    """Three commands, each with what it does."""
    name = answers.connection.name
    check = (f"sf-elt check {name}", "what the org still has to grant")
    estimate = (f"sf-elt estimate {answers.imports.name}", "how long the first import takes")
    if not signed_in and way == "jwt":
        key = (f"sf-elt keys new {name}", "makes the key, and says what to do in Salesforce")
        return [key, (f"sf-elt login {name} --jwt", "signs it in"), check]
    if not signed_in:
        return [(f"sf-elt login {name}{OPTIONS[way]}", "signs it in"), check, estimate]
    last = (f"sf-elt setup {name} --apply", "makes the fields that exports fill") if lacking else estimate
    return [check, last, (START, "runs it: http://127.0.0.1:3000")]


def counted(changes: Sequence[Change]) -> str:
    """How many files are new and how many change, in words."""
    new = sum(each.before is None for each in changes)
    parts = [(new, "new file"), (len(changes) - new, "changed file")]
    return " and ".join(count(number, what) for number, what in parts if number)
