"""What is wrong in the YAML, without Dagster's tree of components and its stack, which would bury it."""

from collections.abc import Iterator
from contextlib import contextmanager

from dagster import DagsterError
from dagster.components.core.component_tree import ComponentTreeException
from dagster.components.resolved.errors import ResolutionException
from pydantic import ValidationError
from yaml import MarkedYAMLError

EXPLAINED = (DagsterError, MarkedYAMLError, ResolutionException, ValidationError)
"""What the YAML can be the reason of; anything else is a fault of the code, whose stack is needed."""


class WrongYaml(Exception):
    """The YAML under defs/ is wrong: where, and what would be accepted."""


@contextmanager
def yaml_told_plainly() -> Iterator[None]:
    """Raises WrongYaml, which says only what is wrong and where, instead of what Dagster makes of it."""
    try:
        yield
    except (ComponentTreeException, MarkedYAMLError) as error:
        reason = error.__cause__ if isinstance(error, ComponentTreeException) else error
        if not isinstance(reason, EXPLAINED):
            raise
        raise WrongYaml(_words(reason)) from None


def _words(reason: Exception) -> str:
    """`FILE:LINE attributes.NAME: what is wrong`; Dagster has put the position behind the name."""
    if not isinstance(reason, ValidationError):
        return str(reason)
    lines = []
    for each in reason.errors():
        name, _, position = ".".join(map(str, each["loc"])).partition(" at ")
        lines.append(f"{position} {name}: {each['msg'].removeprefix('Value error, ')}".lstrip())
    return "\n".join(lines)
