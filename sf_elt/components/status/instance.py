"""Dagster's own storage: where it is, and opened to be read."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import yaml

HOME = "DAGSTER_HOME"
SETTINGS = "dagster.yaml"
START = 'DAGSTER_HOME="$PWD" .venv/bin/dagster dev -h 127.0.0.1'
"""How Dagster is started, as the README has it."""


class NoInstance(Exception):
    """There is nothing of Dagster's to be read: why, and what to do."""


def home(environ: Mapping[str, str] = os.environ) -> Path | None:
    """The folder that DAGSTER_HOME names; without it this one, where it has a dagster.yaml; None where it has none."""
    if named := environ.get(HOME):
        return Path(named).expanduser()
    return Path.cwd() if Path(SETTINGS).is_file() else None


@contextmanager
def opened_instance(environ: Mapping[str, str] = os.environ) -> Iterator[dg.DagsterInstance]:
    """The instance of that folder, closed at the end of the block. Raises NoInstance, also before Dagster's first run.

    Opening a storage that is not there would make it, for whoever only looks: so it is left alone.
    """
    folder = home(environ)
    if folder is None:
        raise NoInstance(f"{HOME} is not set, and this folder has no {SETTINGS}. Start Dagster: {START}")
    if not folder.is_absolute() or not folder.is_dir():
        raise NoInstance(f"{HOME}={folder} is no folder: it must be an absolute path of one that is there")
    settings = settings_in(folder)
    if (storage := _storage_folder(folder, settings)) is not None and not storage.is_dir():
        raise NoInstance(f"Dagster has not run in {folder} yet. Start it: {START}")
    try:
        instance = dg.DagsterInstance.from_config(str(folder))
    except Exception as error:  # of whatever storage is configured there: SQLite, PostgreSQL, one of somebody's own
        raise NoInstance(f"Dagster's storage in {folder} cannot be opened: {str(error).splitlines()[0]}") from error
    with instance:
        yield instance


def settings_in(folder: Path) -> Mapping[str, object]:
    """What the dagster.yaml of that folder says; empty where there is none. Raises NoInstance where it is no YAML."""
    file = folder / SETTINGS
    try:
        found = yaml.safe_load(file.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise NoInstance(f"{file} cannot be read: {' '.join(str(error).split())}") from error
    if found is not None and not isinstance(found, Mapping):
        raise NoInstance(f"{file} cannot be read: it holds {type(found).__name__} in place of settings")
    return found or {}


def _storage_folder(folder: Path, settings: Mapping[str, object]) -> Path | None:
    """Where SQLite keeps Dagster's state; None where something else does."""
    storage = settings.get("storage")
    if storage is None:
        return folder / "history"
    sqlite = storage.get("sqlite") if isinstance(storage, Mapping) else None
    base = sqlite.get("base_dir") if isinstance(sqlite, Mapping) else None
    return Path(base) if isinstance(base, str) else None
