"""What `dg scaffold defs TYPE PATH` begins with: a small example that is valid as it stands, with comments.

dg scaffold defs sf_elt.components.SalesforceImport campaigns
dg scaffold defs sf_elt.components.SalesforceImport subscriptions --example custom_object
dg scaffold defs sf_elt.components.SalesforceExport touchpoints --example activities
"""

from importlib.resources import files
from typing import Literal, TypeVar

import dagster as dg
from dagster.components.component_scaffolding import scaffold_component
from pydantic import BaseModel, Field

Params = TypeVar("Params", bound=BaseModel)

EXAMPLES = files("sf_elt.components").joinpath("examples")


class Example(dg.Scaffolder):
    """Writes the example of a component type, examples/TYPE.yaml; in Python it is Dagster's own empty component."""

    def scaffold(self, request: dg.ScaffoldRequest) -> None:
        """Writes `defs.yaml` into the folder that is asked for, or appends to the file that is asked for."""
        _write(request, _type_name(request))


class ImportKind(BaseModel):
    """Which of the examples of a SalesforceImport is wanted."""

    example: Literal["usual", "one_time", "custom_object", "weekly", "every_5_minutes"] = Field(
        default="usual",
        description="What to begin with: usual, one_time, custom_object, weekly or every_5_minutes.",
    )


class ImportExample(dg.Scaffolder[ImportKind]):
    """Writes an example of a SalesforceImport: examples/SalesforceImport.yaml or examples/imports/KIND.yaml."""

    @classmethod
    def get_scaffold_params(cls) -> type[ImportKind]:
        """The option `--example`."""
        return ImportKind

    def scaffold(self, request: dg.ScaffoldRequest[ImportKind]) -> None:
        """Writes `defs.yaml` into the folder that is asked for, or appends to the file that is asked for."""
        kind = request.params.example if request.params else "usual"
        _write(request, _type_name(request) if kind == "usual" else f"imports/{kind}")


class ExportKind(BaseModel):
    """Which of the examples of a SalesforceExport is wanted."""

    example: Literal["usual", "activities", "campaign_members", "new_leads"] = Field(
        default="usual", description="What to begin with: usual, activities, campaign_members or new_leads."
    )


class ExportExample(dg.Scaffolder[ExportKind]):
    """Writes an example of a SalesforceExport: examples/SalesforceExport.yaml or examples/exports/KIND.yaml."""

    @classmethod
    def get_scaffold_params(cls) -> type[ExportKind]:
        """The option `--example`."""
        return ExportKind

    def scaffold(self, request: dg.ScaffoldRequest[ExportKind]) -> None:
        """Writes `defs.yaml` into the folder that is asked for, or appends to the file that is asked for."""
        kind = request.params.example if request.params else "usual"
        _write(request, _type_name(request) if kind == "usual" else f"exports/{kind}")


def _type_name(request: dg.ScaffoldRequest[Params]) -> str:
    return request.type_name.rpartition(".")[2]


def _write(request: dg.ScaffoldRequest[Params], example: str) -> None:
    if request.scaffold_format != "yaml":
        scaffold_component(request)
        return
    text = f"type: {request.type_name}\n\n{EXAMPLES.joinpath(f'{example}.yaml').read_text('utf-8')}"
    if request.append:
        with request.target_path.open("a", encoding="utf-8") as file:
            file.write(f"---\n{text}")
    else:
        (request.target_path / "defs.yaml").write_text(text, "utf-8")
