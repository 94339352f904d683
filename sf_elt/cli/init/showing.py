"""What would be written, and what comes next."""

import os
from collections.abc import Iterator, Sequence
from difflib import unified_diff
from pathlib import Path

from rich.syntax import Syntax

from sf_elt.cli.init.answers import Answers
from sf_elt.cli.init.planning import Change
from sf_elt.cli.showing import safe


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
    if not signed_in:
        return [_sign_in(name, way), check, estimate]
    last = (f"sf-elt setup {name} --apply", "makes the fields that exports fill") if lacking else estimate
    return [check, last, ('DAGSTER_HOME="$PWD" dagster dev -h 127.0.0.1', "runs it: http://127.0.0.1:3000")]


def _sign_in(name: str, way: str) -> tuple[str, str]:
    if way == "jwt":
        return f"sf-elt login {name} --jwt", "signs in with a key; `sf-elt keys new` makes one"
    if way == "environment":
        return "$EDITOR .env", "the variables of docs/connecting.md; chmod 600"
    return f"sf-elt login {name}", "signs in, in the browser"


def environment_lines(answers: Answers) -> Iterator[str]:
    """What `.env` has to say besides secrets."""
    yield f"{answers.connection.prefix}LOGIN_URL={answers.connection.login_url}"


def counted(changes: Sequence[Change]) -> str:
    """How many files are new and how many change, in words."""
    new = sum(each.before is None for each in changes)
    parts = [(new, "new file", "new files"), (len(changes) - new, "changed file", "changed files")]
    return " and ".join(f"{number} {one if number == 1 else several}" for number, one, several in parts if number)
