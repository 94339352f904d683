"""Dagster's own storage: where it is, and opened to be read."""

import os
import re
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import yaml

from sf_elt.plain_file import read_file

HOME = "DAGSTER_HOME"
SETTINGS = "dagster.yaml"
START = 'DAGSTER_HOME="$PWD" .venv/bin/dagster dev -h 127.0.0.1'
"""How Dagster is started, as the README has it."""

NO_HOME = f"Go to the project's folder, which has a {SETTINGS}, and start Dagster there: {START}"
WRONG_HOME = f'Set it in the folder that has the {SETTINGS}: export {HOME}="$PWD"'
COMPARE = f"Compare it with the project's own: git diff {SETTINGS}"
SEE_IT_RUNS = "See that its database runs, and that its address, user and password are right: docs/production.md"
OF_DATABASES = ("sqlite3", "sqlalchemy", "dagster_postgres")  # whose errors say what is wrong with a storage
ANSWERS_WITHIN = 3.0  # seconds
POSTGRES = ".venv/bin/pip install --constraint constraints.txt dagster-postgres"


class NoInstance(Exception):
    """There is nothing of Dagster's to be read: why, and what to do. `is_broken`: there is something, and it fails."""

    def __init__(self, why: str, to_do: str, *, is_broken: bool = False) -> None:
        super().__init__(f"{why}. {to_do}")
        self.why, self.to_do, self.is_broken = why, to_do, is_broken


def home(environ: Mapping[str, str] = os.environ) -> Path | None:
    """The folder that DAGSTER_HOME names; without it this one, where it has a dagster.yaml; None where it has none."""
    if named := environ.get(HOME):
        return Path(named).expanduser()
    return Path.cwd() if Path(SETTINGS).is_file() else None


@contextmanager
def opened_instance(environ: Mapping[str, str] = os.environ) -> Iterator[dg.DagsterInstance]:
    """The instance of that folder, closed at the end of the block. Raises NoInstance, also before Dagster's first run.

    Whatever its database says within the block ends it so, too. Opening a storage that is not there would make it, for
    whoever only looks: so it is left alone.
    """
    folder = home(environ)
    if folder is None:
        raise NoInstance(f"{HOME} is not set, and this folder has no {SETTINGS}", NO_HOME, is_broken=True)
    if not folder.is_absolute() or not folder.is_dir():
        raise NoInstance(f"{HOME}={folder} is no absolute path of a folder that is there", WRONG_HOME, is_broken=True)
    settings = settings_in(folder)
    if (storage := _storage_folder(folder, settings)) is not None and not storage.is_dir():
        if counted_from_here(folder, settings):
            raise NoInstance(
                f"{storage.absolute()} is not there. {_counts(folder)}", _same_folder(folder), is_broken=True
            )
        raise NoInstance(f"Dagster has not run in {folder} yet", f"Start it, with its UI: {START}")
    _require_answer(folder / SETTINGS, settings, environ)
    try:
        instance = dg.DagsterInstance.from_config(str(folder))
    except Exception as error:  # of whatever storage is configured there: SQLite, PostgreSQL, one of somebody's own
        why = f"Dagster's storage, which {folder / SETTINGS} names, cannot be opened: {_words(error)}"
        raise NoInstance(why, _what_to_do(error), is_broken=True) from error
    with instance:
        try:
            yield instance
        except Exception as error:
            if type(error).__module__.partition(".")[0] not in OF_DATABASES:
                raise
            why = f"Dagster's storage, which {folder / SETTINGS} names, cannot be read: {_words(error)}"
            raise NoInstance(why, _what_to_do(error), is_broken=True) from error


def settings_in(folder: Path) -> Mapping[str, object]:
    """What the dagster.yaml of that folder says; empty where there is none. Raises NoInstance where it is no YAML."""
    file = folder / SETTINGS
    try:
        found = yaml.safe_load(read_file(file).decode("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        why = f"{file} cannot be read: {' '.join(str(error).split())}"
        raise NoInstance(why, COMPARE, is_broken=True) from error
    if found is not None and not isinstance(found, Mapping):
        why = f"{file} cannot be read: it holds {type(found).__name__} in place of settings"
        raise NoInstance(why, COMPARE, is_broken=True)
    return found or {}


def counted_from_here(folder: Path, settings: Mapping[str, object]) -> list[Path]:
    """The folders of Dagster's state that are others for those who start elsewhere: the settings name them by no whole
    path, and this is not the settings' own folder.
    """
    if folder.resolve() == Path.cwd():
        return []
    return [path for path in map(Path, _named(settings, "base_dir")) if not path.is_absolute()]


def has_password(settings: Mapping[str, object]) -> bool:
    """Whether a password of the storage stands there itself, and not the name of a variable, or within an address."""
    storage = settings.get("storage")
    if not isinstance(storage, Mapping):
        return False
    addresses = (*_named(storage, "postgres_url"), *_named(storage, "mysql_url"))
    return any(_named(storage, "password")) or any(re.search(r"://[^:/@\s]*:[^@\s]+@", each) for each in addresses)


def stray(folder: Path) -> tuple[str, str]:
    """What to say of `counted_from_here`, and what to do."""
    return _counts(folder), _same_folder(folder)


def _counts(folder: Path) -> str:
    return (
        f"What {folder / SETTINGS} names as base_dir is no whole path, and counts from the folder in which a program "
        f"is started: here from {Path.cwd()}"
    )


def _same_folder(folder: Path) -> str:
    return f"Start everything in one folder, Dagster too: cd {folder}; or write whole paths into {folder / SETTINGS}."


def _named(settings: object, name: str) -> Iterator[str]:
    """Each text that has that name, however deep."""
    if isinstance(settings, Mapping):
        for key, value in settings.items():
            if key == name and isinstance(value, str):
                yield value
            yield from _named(value, name)


def _words(error: Exception) -> str:
    """All that it says in one line, without a password, and without the list of everything that Dagster accepts."""
    told = (line for line in str(error).splitlines() if not line.startswith("(Background on this error at"))
    lines = (line.partition(' Expected: "{')[0].strip() for line in told)
    said = " ".join(filter(None, lines)) or type(error).__name__
    if error.__cause__ is not None:
        said += f", because of: {next(iter(str(error.__cause__).splitlines()), type(error.__cause__).__name__)}"
    return re.sub(r"(://[^:/@\s]*:)[^@\s]*@", r"\1…@", said)


def _what_to_do(error: Exception) -> str:
    if "dagster_postgres" in str(error):
        return f"Install its driver: {POSTGRES}"
    if isinstance(error, ModuleNotFoundError) and "psycopg" in str(error):
        return f"Name the driver, scheme: postgresql+psycopg2, as deploy/dagster.yaml does; or install it: {POSTGRES}"
    if isinstance(error, dg.DagsterInvalidConfigError):
        return COMPARE
    if "sqlite3" in str(error):
        return "Put a backup of its folder in its place, or move the folder away: its history is gone then, no more"
    return SEE_IT_RUNS


def _require_answer(file: Path, settings: Mapping[str, object], environ: Mapping[str, str]) -> None:
    """Raises NoInstance where Dagster's PostgreSQL takes no connection: Dagster itself would try for half a minute."""
    if (address := _address_of_postgres(settings, environ)) is None:
        return
    try:
        socket.create_connection(address, timeout=ANSWERS_WITHIN).close()
    except (OSError, UnicodeError) as error:
        why = f"PostgreSQL at {address[0]}:{address[1]}, where {file} puts Dagster's storage, does not answer: {error}"
        raise NoInstance(why, SEE_IT_RUNS, is_broken=True) from error


def _address_of_postgres(settings: Mapping[str, object], environ: Mapping[str, str]) -> tuple[str, int] | None:
    """Host and port; None where another storage is configured, or a socket, or what Dagster itself will not accept."""
    found: object = settings
    for name in ("storage", "postgres", "postgres_db"):
        found = found.get(name) if isinstance(found, Mapping) else None
    if not isinstance(found, Mapping):
        return None
    host, port = (_value(found.get(name, default), environ) for name, default in (("hostname", ""), ("port", "5432")))
    return (host, int(port)) if host and not host.startswith("/") and port.isdecimal() else None


def _value(setting: object, environ: Mapping[str, str]) -> str:
    """As it stands there, or of the environment variable that it names."""
    return environ.get(str(setting.get("env")), "") if isinstance(setting, Mapping) else str(setting)


def _storage_folder(folder: Path, settings: Mapping[str, object]) -> Path | None:
    """Where SQLite keeps Dagster's state; None where something else does."""
    storage = settings.get("storage")
    if storage is None:
        return folder / "history"
    sqlite = storage.get("sqlite") if isinstance(storage, Mapping) else None
    base = sqlite.get("base_dir") if isinstance(sqlite, Mapping) else None
    return Path(base) if isinstance(base, str) else None
