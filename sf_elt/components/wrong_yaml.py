"""What is wrong in the YAML, without Dagster's tree of components and its stack, which would bury it."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

import yaml
from dagster import DagsterError
from dagster.components.core.component_tree import ComponentTreeException
from dagster.components.resolved.errors import ResolutionException
from pydantic import ValidationError
from yaml import MarkedYAMLError

from sf_elt import components
from sf_elt.components.attributes import did_you_mean
from sf_elt.components.yaml_bounds import why_refused

EXPLAINED = (DagsterError, MarkedYAMLError, ResolutionException, ValidationError)
"""What the YAML can be the reason of; anything else is a fault of the code, whose stack is needed."""

DEFS = Path(__file__).parents[1] / "defs"


TOLD = 20  # faults of a file

_PLACE = re.compile(r"(.+?\.yaml):(\d+) ")
_VARIABLE = re.compile(r"""\benv\(['"](\w+)['"]""")


class WrongYaml(Exception):
    """The YAML under defs/ is wrong: where, and what would be accepted."""


def has_yaml(defs: Path = DEFS) -> bool:
    """Whether anything says what this deployment runs."""
    return next(defs.rglob("defs.yaml"), None) is not None


@contextmanager
def yaml_told_plainly(defs: Path = DEFS) -> Iterator[None]:
    """Raises WrongYaml, which says only what is wrong and where, instead of what Dagster makes of it.

    What has no measure is refused before Dagster reads it, and so is a folder in which there is nothing.
    """
    if not has_yaml(defs):
        raise WrongYaml(f"{defs} has no defs.yaml, so there is nothing to run: `sf-elt init` writes it")
    for file in sorted(defs.rglob("defs.yaml")):
        if (refused := why_refused(file)) is not None:
            raise WrongYaml(refused)
    try:
        yield
    except (ComponentTreeException, MarkedYAMLError, ValidationError) as error:
        reason = error.__cause__ if isinstance(error, ComponentTreeException) else error
        if not isinstance(reason, EXPLAINED):
            raise
        raise WrongYaml(_with_variable(_words(reason))) from None
    except (DagsterError, ValueError):  # what Dagster says of a type has no place
        wrong = next(_wrong_types(defs), None)
        if wrong is None:
            raise
        raise WrongYaml(wrong) from None


def _words(reason: Exception) -> str:
    """`FILE:LINE attributes.NAME: what is wrong`; Dagster has put the position behind the name."""
    if not isinstance(reason, ValidationError):
        return str(reason)
    lines = []
    errors = reason.errors()
    for each in errors[:TOLD]:
        name, _, position = ".".join(map(str, each["loc"])).strip("`").partition(" at ")
        lines.append(f"{position} {name}: {each['msg'].removeprefix('Value error, ')}".lstrip())
    if len(errors) > TOLD:
        lines.append(f"and {len(errors) - TOLD:,} more faults")
    return "\n".join(lines)


def _with_variable(told: str) -> str:
    """What is told, with the name of the environment variable whose value stands in that line of the YAML."""
    first, *more = told.split("\n")
    if (place := _PLACE.match(first)) is None:
        return told
    try:
        line = Path(place[1]).read_text("utf-8").splitlines()[int(place[2]) - 1]
    except (OSError, IndexError):
        return told
    names = [name for name in _VARIABLE.findall(line) if name in os.environ]
    says = f" (the environment variable {names[0]} says so)" if names else ""
    return "\n".join([first + says, *more])


def _wrong_types(defs: Path) -> Iterator[str]:
    """What is wrong with files as a whole, and with the types of their components."""
    for file in sorted(defs.rglob("defs.yaml")):
        for document in yaml.compose_all(file.read_text("utf-8"), yaml.SafeLoader):
            for key, value in document.value if isinstance(document, yaml.MappingNode) else ():
                if key.value == "type" and not _is_there(str(value.value)):
                    place = f"{file}:{value.start_mark.line + 1}"
                    yield f"{place} type: there is no {value.value!r}; {did_you_mean(str(value.value), _types())}"


def _is_there(name: str) -> bool:
    module, _, attribute = name.rpartition(".")
    try:
        return hasattr(import_module(module), attribute)
    except (ImportError, ValueError):
        return False


def _types() -> list[str]:
    return [f"sf_elt.components.{name}" for name in components.__all__ if not name.endswith("Error")]
