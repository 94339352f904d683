"""The environment of a command: as Dagster has it, with the variables of the file `.env` in the folder it is run in."""

import os
from collections.abc import Mapping
from pathlib import Path

import typer

from sf_elt.cli.faults import ExitCode, is_secret
from sf_elt.cli.loading import without_collecting
from sf_elt.cli.showing import say
from sf_elt.cli.waiting import waiting
from sf_elt.env_file import told, torn_line

ENV_FILE = Path(".env")
WHICH_BROWSER = {"BROWSER", "DISPLAY", "WAYLAND_DISPLAY"}


def begin() -> None:
    """What most commands do first: sets what `.env` says, and loads Dagster, which takes seconds, and says so."""
    read_env_file()
    with waiting("getting ready"), without_collecting():
        import sf_elt.components.deployment  # noqa: F401 - only to be loaded


def read_env_file() -> None:
    """Sets what `.env` says; as in Dagster, that goes before what the environment has.

    Ends the command where the file cannot be read: what it would do without it is not what was meant.
    """
    from dotenv import load_dotenv

    try:
        load_dotenv(ENV_FILE, override=True)
        _say_what_is_torn()
    except UnicodeDecodeError as error:
        say(f"sf-elt: {ENV_FILE.absolute()} is not UTF-8 (byte {error.start + 1:,}): save it as UTF-8")
    except ValueError:
        say(f"sf-elt: {ENV_FILE.absolute()} holds a NUL byte, which no variable can: save it as plain text")
    except OSError as error:
        say(f"sf-elt: {ENV_FILE.absolute()} cannot be read: {error.strerror}. Run this as the user who runs Dagster")
    else:
        return
    raise typer.Exit(ExitCode.WRONG)


def for_others(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment for a program that is not ours: without what `.env` sets, and what is named as a secret is."""
    from dotenv import dotenv_values

    ours = dotenv_values(ENV_FILE).keys() - WHICH_BROWSER
    return {name: value for name, value in environ.items() if name not in ours and not is_secret(name)}


def _say_what_is_torn() -> None:
    """Once, and with the file's name: what dotenv logs of it, at each reading, has neither."""
    if not ENV_FILE.is_file():
        return
    line = torn_line(ENV_FILE.read_text("utf-8"))
    if line is not None:
        say(f"sf-elt: {ENV_FILE.absolute()}: {told(line)}")
