"""What an empty deployment begins with, besides what is asked: each file as sf_elt/defs has it when it is shipped."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from sf_elt.cli.init.yaml_text import load

FILES = {
    "EventImport": "events",
    "Profiles": "profiles",
    "BehaviourScores": "scores",
    "ContentAffinity": "affinity",
    "Audiences": "audiences",
    "Report": "report",
}


@cache
def shipped_text(kind: str) -> str:
    """The file of a component type."""
    return files(__package__).joinpath(f"{FILES[kind]}.yaml").read_text("utf-8")


@cache
def shipped(kind: str) -> Mapping[str, Any]:
    """Its attributes."""
    attributes: Mapping[str, Any] = load(shipped_text(kind))["attributes"]
    return attributes
