"""What all commands have in common: groups, examples, one JSON document, exit codes, and errors with their cause."""

import io
import logging
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn, cast

import pytest
import typer.main
import yaml
from rich.cells import cell_len
from typer.core import TyperCommand, TyperGroup
from typer.testing import CliRunner, Result

from sf_elt.cli import app, completing, face, loading
from sf_elt.cli.examples import every_command, examples_of
from sf_elt.cli.faults import ExitCode
from sf_elt.cli.showing import say, show_json
from sf_elt.components import deployment
from sf_elt.warehouse import Warehouse, WarehouseBusy
from sf_elt_tests.cli.lines import ROOT, accept


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


@pytest.mark.parametrize("name", COMMANDS)
def test_a_wrong_line_ends_with_its_code(name: str) -> None:
    """Whatever the command, before it does anything; and its help fits 80 columns with no name cut short."""
    told = CliRunner().invoke(app, [*name.split(), "--no-such-option"])
    assert (told.exit_code, told.stdout) == (ExitCode.USAGE, "")
    shown = CliRunner().invoke(app, [*name.split(), "--help"], env={"COLUMNS": "80"}).stdout.splitlines()
    assert [line for line in shown if cell_len(line) > 80 or re.search(r"-\w+…", line)] == []


@pytest.mark.parametrize("line", EXAMPLES)
def test_every_example_is_a_line_that_the_commands_accept(line: str) -> None:
    """Its options and values are those of the command: what stands behind a pipe is other programs' own."""
    accept(line)


def test_what_no_command_foresees_is_a_sentence_with_its_cause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without --verbose no traceback; with it, anywhere in the line, all causes and our log records; never a secret."""
    monkeypatch.setenv("SALESFORCE_PASSWORD", "hunter2-hunter2")

    def fail() -> NoReturn:
        logging.getLogger("sf_elt.anything").debug(
            "logged in with hunter2-hunter2\n2026-01-01 INFO sf_elt: all is well"
        )
        try:
            raise LookupError("the cause, with hunter2-hunter2 and 00D5g00000Abcde!AQ0AQ.token")
        except LookupError as error:
            raise RuntimeError("the fault") from error

    monkeypatch.setattr(deployment, "load_deployment", fail)
    told = _run("check")
    assert (told.exit_code, told.stdout) == (1, "")
    assert "RuntimeError: the fault, because of LookupError: the cause, with … and …" in " ".join(told.stderr.split())
    assert "Traceback" not in told.stderr
    assert "--verbose says where" in told.stderr
    for line in (("check", "--verbose"), ("--verbose", "check")):
        told = _run(*line)
        assert told.exit_code == 1
        assert "DEBUG sf_elt.anything: logged in with …\n  2026-01-01 INFO sf_elt: all is well" in told.stderr
        assert told.stderr.index("LookupError: the cause") < told.stderr.index("direct cause of")
        assert "hunter2" not in told.stderr
        assert "token" not in told.stderr
    assert "Traceback" not in _run("check").stderr


def test_a_word_of_other_bytes_is_refused() -> None:
    """As a terminal in Latin-1 writes it: with the word, before any command takes it for a name or a value."""
    told = _run("profile", "M\udcfcller")
    assert (told.exit_code, told.stdout) == (2, "")
    assert told.stderr.startswith(r"sf-elt: M\xfcller is not UTF-8: type it")


def test_an_error_that_is_foreseen_shows_its_traceback_to_those_who_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence stays the last line; SF_ELT_VERBOSE is the same as --verbose."""
    told = _run("check", "salesfroce")
    assert "Traceback" not in told.stderr
    monkeypatch.setenv("SF_ELT_VERBOSE", "1")
    verbose = _run("check", "salesfroce")
    assert "NotInDeployment" in verbose.stderr
    assert verbose.stderr.splitlines()[-1] == told.stderr.splitlines()[-1]
    assert verbose.exit_code == told.exit_code == 1


@pytest.mark.parametrize(
    ("error", "status"),
    [(KeyboardInterrupt(), 130), (BrokenPipeError(32, "Broken pipe"), 141), (WarehouseBusy("it is locked"), 4)],
)
def test_how_a_command_ends_has_a_code(error: BaseException, status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C, a pipe whose reader has gone, a warehouse that somebody holds."""

    def fail(*_: object) -> NoReturn:
        raise error

    monkeypatch.setattr(Warehouse, "read", fail)
    monkeypatch.setattr(loading, "loaded_audiences", lambda command: [])
    monkeypatch.setattr(face, "_let_go_of_output", lambda: None)
    assert _run("audiences", "list").exit_code == status


def test_closed_streams_are_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """`sf-elt … >&- 2>&-`, as some services start programs: what is written goes nowhere."""

    def list_() -> None:
        show_json({"rows": 0})
        say("That is all.")

    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    command = typer.Typer(cls=face.Face)
    command.command("list")(list_)
    command.callback()(lambda: None)
    with pytest.raises(SystemExit) as ended:
        command(["list"])
    assert ended.value.code == ExitCode.DONE


@pytest.mark.parametrize("buffering", [-1, 0])
@pytest.mark.parametrize("flushes", [True, False])
def test_a_full_output_is_called_full(
    buffering: int, flushes: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`sf-elt … > /dev/full`, with a buffer and without one (PYTHONUNBUFFERED), at once or as the command ends."""

    def list_() -> None:
        sys.stdout.write("a line\n")
        if flushes:
            sys.stdout.flush()

    raw = cast(io.BufferedIOBase, open("/dev/full", "wb", buffering=buffering))  # noqa: SIM115, PTH123 - closed below
    command = typer.Typer(cls=face.Face)
    command.command("list")(list_)
    command.callback()(lambda: None)
    with io.TextIOWrapper(raw, write_through=not buffering) as full:
        monkeypatch.setattr(sys, "stdout", full)
        with pytest.raises(SystemExit) as ended:
            command(["list"])
        monkeypatch.undo()
    assert ended.value.code == ExitCode.WRONG
    assert capsys.readouterr().err == "sf-elt: no space is left where the output goes: it is cut short there\n"


def test_what_the_output_has_no_character_for_is_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Under `LANG=C`, or `PYTHONIOENCODING=ascii`, a table is written as well."""
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, "ascii"))
    command = typer.Typer(cls=face.Face)
    command.command("list")(lambda: sys.stdout.write("✓ Zoë\n"))
    command.callback()(lambda: None)
    with pytest.raises(SystemExit) as ended:
        command(["list"])
    sys.stdout.flush()
    assert (ended.value.code, written.getvalue()) == (ExitCode.DONE, rb"\u2713 Zo\xeb" + b"\n")


def test_ctrl_c_at_a_question_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends with 130, where a No ends with 1."""

    def ask(answer: bool | None) -> None:
        if answer is not None:
            raise typer.Abort
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt:
            raise typer.Abort from None  # as typer.confirm does

    for answer, status in ((None, 130), (False, 1)):
        monkeypatch.setattr(Warehouse, "read", lambda self, answer=answer: ask(answer))
        monkeypatch.setattr(loading, "loaded_audiences", lambda command: [])
        assert _run("audiences", "list").exit_code == status


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("export plan ", {"leads", "contacts"}),
        ("why ada@example.com l", {"leads"}),
        ("check ", {"salesforce"}),
        ("estimate s", {"salesforce"}),
        ("sf fetch Lead --connection s", {"salesforce"}),
        ("audiences preview Freq", {r"Frequent\ visitors"}),
        ("audiences preview nothing", set()),
        ("stat", {"status"}),
    ],
)
def test_the_shell_completes_names(line: str, offered: set[str]) -> None:
    """Commands, and the names that stand in the YAML; in bash a space gets its backslash."""
    words = {"COMP_WORDS": f"sf-elt {line}", "COMP_CWORD": str(len(line.split(" ")))}
    result = CliRunner().invoke(app, [], prog_name="sf-elt", env={"_SF_ELT_COMPLETE": "complete_bash"} | words)
    assert (set(result.stdout.split("\n")) - {""}, result.stderr) == (offered, "")


def test_completion_says_nothing_where_the_yaml_is_torn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is offered, and nothing is raised."""
    (tmp_path / "defs.yaml").write_text("type: sf_elt.components.SalesforceExport\nattributes: {name: [")
    monkeypatch.setattr(completing, "DEFS", tmp_path)
    assert completing.exports("") == []
    told = yaml.safe_dump({"type": "sf_elt.components.SalesforceExport", "attributes": {"name": r"\$(touch x)`id`"}})
    (tmp_path / "defs.yaml").write_text(told)  # zsh evaluates what is offered
    assert completing.exports("") == []
    monkeypatch.setattr(completing, "DEFS", tmp_path / "nowhere")
    assert completing.exports("") == []


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments), env={"COLUMNS": "200"})
