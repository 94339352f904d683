"""What all commands have in common: `--verbose` anywhere in the line, log records, and an end that says why."""

import io
import logging
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import typer
from typer.core import TyperGroup

from sf_elt.cli.examples import show_examples
from sf_elt.cli.faults import (
    VERBOSE,
    ExitCode,
    chain,
    in_full,
    in_one_sentence,
    is_foreseen,
    status_of,
    verbose_by_environment,
    without_secrets,
)
from sf_elt.cli.showing import say
from sf_elt.disk import is_full

OPTION = "--verbose"
LOGGERS = "sf_elt"
IN_FULL = "%(asctime)s %(levelname)s %(name)s: %(message)s"


class Face(TyperGroup):
    """The group of all commands, with examples in their help. What none foresaw ends in a sentence with its cause."""

    def __init__(self, **attributes: Any) -> None:  # noqa: ANN401  what typer makes of the commands
        super().__init__(**attributes)
        show_examples(self)

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,  # noqa: ANN401  as typer has it
    ) -> Any:  # noqa: ANN401
        """Runs a command and ends the process with an ExitCode."""
        _open_what_is_closed()
        _write_in_any_encoding()
        words, verbose = _without_option(sys.argv[1:] if args is None else args)
        _require_utf8(words)
        with _telling(verbose or verbose_by_environment()):
            try:
                return super().main(words, prog_name, complete_var, standalone_mode, windows_expand_args, **extra)
            except SystemExit as ended:
                raise SystemExit(_full_output() or _status(ended)) from ended.__cause__
            except Exception as error:
                if is_full(error) and (full := _full_output(tried_with="\n")):
                    raise SystemExit(full) from error
                _say_what_happened(error)
                raise SystemExit(status_of(error)) from error


def _open_what_is_closed() -> None:
    """Standard streams that were closed before us (`>&-`) lead nowhere, and no file of ours takes their numbers."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode, encoding="utf-8"))


def _write_in_any_encoding() -> None:
    """What a terminal or file in ASCII has no character for (`✓`, a name) is written as `\\u2713`: no command fails."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _without_option(words: Sequence[str]) -> tuple[list[str], bool]:
    """The words without `--verbose`, and whether it was there; what stands behind `--` is no option."""
    end = words.index("--") if "--" in words else len(words)
    return [word for place, word in enumerate(words) if word != OPTION or place > end], OPTION in words[:end]


def _require_utf8(words: Sequence[str]) -> None:
    """Ends the process with a sentence where a word is of other bytes: no table, request or JSON can hold it."""
    for word in words:
        try:
            word.encode()
        except UnicodeEncodeError:
            told = os.fsencode(word).decode("utf-8", "backslashreplace")
            say(f"sf-elt: {told} is not UTF-8: type it in a terminal that writes UTF-8, rename the file that it names")
            raise SystemExit(ExitCode.USAGE) from None


@contextmanager
def _telling(verbose: bool) -> Iterator[None]:
    """Log records go to standard error: warnings, and with --verbose all of this project's own."""
    before, handler = os.environ.get(VERBOSE), _OnStandardError()
    own, root = logging.getLogger(LOGGERS), logging.getLogger()
    level = own.level
    handler.setFormatter(logging.Formatter(IN_FULL if verbose else None))  # else the message alone
    root.addHandler(handler)
    if verbose:
        os.environ[VERBOSE] = "1"  # for the processes that a command starts, too
        own.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        root.removeHandler(handler)
        own.setLevel(level)
        if verbose and before is None:
            del os.environ[VERBOSE]


class _OnStandardError(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        if record.name.startswith("dotenv"):
            return  # read_env_file says it better
        if str(record.msg).startswith("Retrying failed database") and not verbose_by_environment():
            return  # Dagster tries a few times: then all is well, or its error says why not
        try:
            lines = without_secrets(self.format(record)).splitlines()
            say("\n  ".join(lines))  # no line of somebody's text begins as a record does
        except Exception:
            self.handleError(record)


def _say_what_happened(error: Exception) -> None:
    verbose = verbose_by_environment()
    if verbose:
        say(in_full(error))
    if is_foreseen(error):
        say(f"sf-elt: {without_secrets(str(error))}")
        return
    say(f"sf-elt: something went wrong that this command does not foresee: {in_one_sentence(error)}")
    if not verbose:
        say(f"The same command with {OPTION} says where.")


def _status(ended: SystemExit) -> int | str | None:
    """Its code; that of Ctrl-C also where it was pressed at a question, that of a closed pipe whoever noticed it."""
    causes = [type(each) for each in chain(ended)] + [type(each) for each in _contexts(ended)]
    if KeyboardInterrupt in causes:
        _show_cursor()
        return ExitCode.INTERRUPTED
    if BrokenPipeError in causes:
        _let_go_of_output()
        return ExitCode.PIPE_CLOSED
    return ended.code


def _full_output(*, tried_with: str = "") -> ExitCode | None:
    """The code where standard output takes no more, which is said.

    Without a buffer (`PYTHONUNBUFFERED`) what could not be written is gone: only writing again tells whether it was
    there that no space was left.
    """
    try:
        sys.stdout.write(tried_with)
        sys.stdout.flush()
    except OSError as error:
        if not is_full(error):
            return None
        _let_go_of_output()
        say("sf-elt: no space is left where the output goes: it is cut short there")
        return ExitCode.WRONG
    return None


def _show_cursor() -> None:
    """Ctrl-C may have come when a bar had just hidden it."""
    if sys.stderr.isatty():
        from rich.console import Console

        Console(stderr=True).show_cursor()


def _let_go_of_output() -> None:
    """What Python still writes there at its end goes nowhere, and is no error."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _contexts(error: BaseException) -> Iterator[BaseException]:
    """What was being handled, also where it was raised `from None`."""
    found = error.__context__
    while found is not None:
        yield found
        found = found.__context__


def show_version(asked: bool) -> None:
    """Prints the version and ends, where it is asked for."""
    if asked:
        from importlib.metadata import version

        typer.echo(f"sf-elt {version('sf_elt')}")
        raise typer.Exit
