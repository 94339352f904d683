"""What the shell completes after Tab: names out of the YAML, read as it stands, as loading it would take seconds.

Whatever goes wrong there, nothing is offered and nothing is said: a person is in the middle of a line.
"""

import os
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import sf_elt
from sf_elt.plain_file import read_file

DEFS = Path(sf_elt.__file__).parent / "defs"
SHELL = "_SF_ELT_COMPLETE"
"""The variable in which the shell's script says which shell it is of: complete_bash, complete_zsh, …."""

_SPECIAL = re.compile(r"[^\w@%+=:,./-]")
_NAME = re.compile(r"[\w -]+")  # what a name may be: a shell's script evaluates what it is given


def connections(incomplete: str) -> list[str]:
    """Names of connections."""
    return _beginning(incomplete, lambda: _names("SalesforceConnection"))


def imports(incomplete: str) -> list[str]:
    """Names of imports."""
    return _beginning(incomplete, lambda: _names("SalesforceImport"))


def exports(incomplete: str) -> list[str]:
    """Names of exports."""
    return _beginning(incomplete, lambda: _names("SalesforceExport"))


def audiences(incomplete: str) -> list[str]:
    """Names of audiences."""
    return _beginning(
        incomplete, lambda: (name for each in _attributes("Audiences") for name in _named(each.get("audiences")))
    )


def _beginning(incomplete: str, names: Callable[[], Iterator[str]]) -> list[str]:
    try:
        found = [name for name in names() if name.startswith(incomplete)]
    except Exception:  # YAML that is being written, a file that may not be read
        return []
    # Bash puts into the line what it is given, and zsh and fish put in the backslashes themselves.
    return [_SPECIAL.sub(r"\\\g<0>", name) for name in found] if os.environ.get(SHELL) == "complete_bash" else found


def _names(component: str) -> Iterator[str]:
    yield from (name for each in _attributes(component) for name in _named([each]))


def _named(items: object) -> Iterator[str]:
    """The names that stand there as they are: not those that the environment fills in, nor what is no name."""
    for each in items if isinstance(items, list) else ():
        name = each.get("name") if isinstance(each, Mapping) else None
        if isinstance(name, str) and _NAME.fullmatch(name):
            yield name


def _attributes(component: str) -> Iterator[Mapping[str, object]]:
    """Of each component of that type."""
    import yaml

    kind = f"sf_elt.components.{component}"
    for file in sorted(DEFS.rglob("defs.yaml")):
        text = read_file(file).decode("utf-8")
        for document in yaml.safe_load_all(text) if kind in text else ():
            if isinstance(document, Mapping) and document.get("type") == kind:
                yield document.get("attributes") or {}
