"""The files that say how this installation runs: .env, and Dagster's settings."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from sf_elt.components.preflight.findings import Finding, Verdict
from sf_elt.components.status.instance import (
    HOME,
    NO_HOME,
    SETTINGS,
    WRONG_HOME,
    NoInstance,
    counted_from_here,
    has_password,
    home,
    settings_in,
    stray,
)
from sf_elt.disk import user_name
from sf_elt.env_file import told, torn_line
from sf_elt.warehouse.private import OTHERS


def about_settings(folder: Path, environ: Mapping[str, str] = os.environ) -> Iterator[Finding]:
    """Of the project's folder."""
    yield _env_file(folder / ".env")
    yield from _dagster(environ)


def owner_of(path: Path) -> str:
    """The name of who owns it, or the number where that has none."""
    return user_name(path.stat().st_uid)


def mode_of(found: os.stat_result) -> str:
    """As `chmod` takes it: 0600."""
    return f"{found.st_mode & 0o777:04o}"


def _env_file(file: Path) -> Finding:
    if not file.is_file():
        says = f"there is no {file}: variables come from the environment alone"
        return Finding("settings", ".env", "ok", says)
    if file.stat().st_mode & OTHERS:
        says = f"{file} may hold secrets, and others can open it (mode {mode_of(file.stat())}, of {owner_of(file)})"
        return Finding("settings", ".env", "problem", says, f"chmod 600 {file}")
    if not os.access(file, os.R_OK):
        says = f"{file} belongs to {owner_of(file)} and cannot be read by you"
        return Finding("settings", ".env", "problem", says, "Run this as the user who runs Dagster.")
    if (torn := torn_line(file.read_text("utf-8"))) is not None:
        return Finding(
            "settings", ".env", "problem", f"{file}: {told(torn)}", f"Correct it: ${{EDITOR:-vi}} +{torn} {file}"
        )
    return Finding("settings", ".env", "ok", f"{file} is {owner_of(file)}'s alone")


def _dagster(environ: Mapping[str, str]) -> Iterator[Finding]:
    folder = home(environ)
    if folder is None:
        says = f"{HOME} is not set, and there is no {SETTINGS} here: Dagster would forget everything when it ends"
        yield Finding("settings", HOME, "problem", says, NO_HOME)
        return
    if not folder.is_absolute() or not folder.is_dir():
        says = f"{HOME}={folder} is no absolute path of a folder that is there"
        yield Finding("settings", HOME, "problem", says, WRONG_HOME)
        return
    said = folder if environ.get(HOME) else f"not set; {folder}, which has a {SETTINGS}, is taken"
    yield Finding("settings", HOME, "ok", str(said))
    file = folder / SETTINGS
    if not os.access(folder, os.R_OK | os.X_OK, effective_ids=True):
        says = f"{folder} belongs to {owner_of(folder)} and cannot be read by you"
        yield Finding("settings", SETTINGS, "problem", says, f"Run this as {owner_of(folder)}, who runs Dagster.")
        return
    if not file.is_file():
        says = f"there is no {file}: writers of the warehouse get in each other's way, and telemetry is sent"
        yield Finding("settings", SETTINGS, "warning", says, f"Copy the project's there: cp {SETTINGS} {folder}")
        return
    try:
        settings = settings_in(folder)
        yield _pools(file, settings)
        yield from _places_and_secrets(file, settings)
    except NoInstance as error:
        yield Finding("settings", SETTINGS, "problem", error.why, error.to_do)


def _pools(file: Path, settings: Mapping[str, object]) -> Finding:
    """The warehouse has one writer: its pool has one slot, for steps of all runs."""
    pools = _within(_within(settings, "concurrency"), "pools")
    if pools.get("default_limit") != 1 or pools.get("granularity") != "op":
        says = f"{file} does not keep steps that write to the warehouse apart: they wait for each other's file instead"
        wanted = "Set concurrency: {pools: {granularity: op, default_limit: 1}} in it."
        return Finding("settings", SETTINGS, "warning", says, wanted)
    if not _within(settings, "run_monitoring").get("enabled"):
        says = f"{file} does not watch runs: one whose process was killed keeps the others waiting"
        return Finding("settings", SETTINGS, "warning", says, "Set run_monitoring: {enabled: true} in it.")
    if "run_launcher" not in settings:
        says = f"{file} does not notice that a power cut has ended a run: it keeps the others waiting for ever"
        wanted = "Set run_launcher: {module: sf_elt.liveness, class: WatchfulLauncher} in it."
        return Finding("settings", SETTINGS, "warning", says, wanted)
    return Finding("settings", SETTINGS, "ok", f"{file}: one writer at a time, and runs are watched")


def _places_and_secrets(file: Path, settings: Mapping[str, object]) -> Iterator[Finding]:
    """Two states of Dagster's, of which nobody is told; and a password that `ps` shows."""
    if folders := counted_from_here(file.parent, settings):
        verdict: Verdict = "warning" if any(each.is_dir() for each in folders) else "problem"
        yield Finding("settings", "base_dir", verdict, *stray(file.parent))
    if has_password(settings):
        says = (
            f"{file} has a password in it, and Dagster hands all of that file to its processes in their command lines"
        )
        wanted = "Name a variable instead, password: {env: DAGSTER_PG_PASSWORD}, and change the password."
        yield Finding("settings", "password", "problem", says, wanted)


def _within(settings: Mapping[str, object], name: str) -> Mapping[str, object]:
    found = settings.get(name)
    return found if isinstance(found, Mapping) else {}
