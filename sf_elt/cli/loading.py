"""The deployment for a command, or the error that says why there is none."""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from sf_elt.cli.showing import refuse
from sf_elt.cli.waiting import waiting

if TYPE_CHECKING:
    from dagster import Component, ComponentTree, Definitions

    from sf_elt.components.deployment import Deployment
    from sf_elt.insight import Audience


LOADING = "reading the YAML"
Kind = TypeVar("Kind", bound="Component")
Found = TypeVar("Found")


def loaded_audiences(command: str) -> "list[Audience]":
    """The audiences of this deployment. Ends the command where its YAML is wrong or has none."""
    from sf_elt.components.audiences import known_audiences

    audiences = _loaded(command, known_audiences)
    if not audiences:
        refuse(command, "the deployment has no audiences: see docs/audiences.md")
    return audiences


def loaded_components(command: str, kind: type[Kind]) -> list[Kind]:
    """The deployment's components of a kind. Ends the command where its YAML is wrong."""
    return _loaded(command, lambda tree: tree.get_all_components(kind))


def _loaded(command: str, find: "Callable[[ComponentTree], list[Found]]") -> "list[Found]":
    from dagster import DagsterError

    from sf_elt.components.deployment import load_tree
    from sf_elt.components.wrong_yaml import WrongYaml, yaml_told_plainly

    try:
        with waiting(LOADING), yaml_told_plainly():
            return find(load_tree())
    except (DagsterError, WrongYaml) as error:
        refuse(command, str(error))


def loaded_deployment(command: str, *, connection: str = "") -> "Deployment":
    """This deployment. Ends the command where its YAML is wrong, or has no connection, or none of that name."""
    from dagster import DagsterError

    from sf_elt.components.deployment import NotInDeployment, load_deployment
    from sf_elt.components.wrong_yaml import WrongYaml, yaml_told_plainly

    try:
        with waiting(LOADING), yaml_told_plainly():
            deployment = load_deployment()
        if connection:
            deployment.connection(connection)
    except (DagsterError, NotInDeployment, WrongYaml) as error:
        refuse(command, str(error))
    if not deployment.connections:
        refuse(command, "the deployment has no SalesforceConnection: see docs/connecting.md")
    return deployment


@contextmanager
def without_collecting() -> Iterator[None]:
    """No garbage is looked for while thousands of modules come: that takes a sixth of a short command's time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def definitions() -> "Definitions":
    """What Dagster loads, schedules and all. Raises WrongYaml, or Dagster's errors."""
    from sf_elt.definitions import defs

    return defs()
