"""Whether Python and the packages are what this project was made for and tested with."""

import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path

from packaging.requirements import Requirement

import sf_elt
from sf_elt.components.preflight.findings import Finding

PROJECT = "sf_elt"
CONSTRAINTS = Path(sf_elt.__file__).parents[1] / "constraints.txt"
FIRST_PYTHON = (3, 11)
NAMED = 5
INSTALL = ".venv/bin/python -m pip install --constraint constraints.txt --editable ."
OPTIONAL = {
    "splink": "fuzzy links between records (docs/mapping-and-identity.md)",
    "keyring": "tokens in the system's keyring (docs/connecting.md)",
}
"""Packages that are not needed by everybody: what for."""


def about_program(constraints: Path = CONSTRAINTS) -> Iterator[Finding]:
    """Python, the packages that are needed, those that were tested, those that one can do without."""
    yield _python()
    yield _needed()
    yield _tested(constraints)
    yield _optional()


def _python() -> Finding:
    found, here = ".".join(map(str, sys.version_info[:3])), sys.executable
    if sys.version_info < FIRST_PYTHON:
        wanted = ".".join(map(str, FIRST_PYTHON))
        return Finding("program", "Python", "problem", f"{found} at {here}", f"Install Python {wanted} or newer.")
    return Finding("program", "Python", "ok", f"{found} at {here}")


def _needed() -> Finding:
    """By what the project's own metadata asks for."""
    wrong = []
    for line in distribution(PROJECT).requires or ():
        needed = Requirement(line)
        if needed.marker is not None and not needed.marker.evaluate({"extra": ""}):
            continue
        installed = _version(needed.name)
        if installed is None or not needed.specifier.contains(installed, prereleases=True):
            wrong.append(f"{needed.name}{needed.specifier} (installed: {installed or 'not at all'})")
    if wrong:
        return Finding("program", "packages", "problem", f"needed: {_named(wrong)}", f"Install them: {INSTALL}")
    return Finding("program", "packages", "ok", f"all that {PROJECT} {version(PROJECT)} needs is installed")


def _tested(constraints: Path) -> Finding:
    """By constraints.txt, where there is one beside the package."""
    try:
        lines = constraints.read_text("utf-8").splitlines()
    except OSError:
        return Finding("program", "tested versions", "ok", f"there is no {constraints} to compare with")
    others = []
    for line in lines:
        name, mark, pinned = line.partition("==")
        installed = _version(name.strip()) if mark else None
        if installed is not None and installed != pinned.strip():
            others.append(f"{name.strip()} {installed} instead of {pinned.strip()}")
    if others:
        says = f"of other versions than were tested: {_named(others)}"
        return Finding("program", "tested versions", "warning", says, f"Install the tested ones: {INSTALL}")
    return Finding("program", "tested versions", "ok", f"as in {constraints}")


def _optional() -> Finding:
    missing = [f"{name}, for {what}" for name, what in OPTIONAL.items() if _version(name) is None]
    says = f"not installed: {'; '.join(missing)}" if missing else f"installed: {', '.join(OPTIONAL)}"
    return Finding("program", "optional packages", "ok", says)


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _named(things: list[str]) -> str:
    more = f" and {len(things) - NAMED} more" if len(things) > NAMED else ""
    return ", ".join(things[:NAMED]) + more
