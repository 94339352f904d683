"""What `dg scaffold defs TYPE PATH` begins with: a small example that is valid as it stands, with comments."""

from importlib.resources import files

import dagster as dg
from dagster.components.component_scaffolding import scaffold_component

EXAMPLES = files("sf_elt.components").joinpath("examples")


class Example(dg.Scaffolder):
    """Writes the example of a component type, examples/TYPE.yaml; in Python it is Dagster's own empty component."""

    def scaffold(self, request: dg.ScaffoldRequest) -> None:
        """Writes `defs.yaml` into the folder that is asked for, or appends to the file that is asked for."""
        if request.scaffold_format != "yaml":
            scaffold_component(request)
            return
        example = EXAMPLES.joinpath(f"{request.type_name.rpartition('.')[2]}.yaml").read_text("utf-8")
        text = f"type: {request.type_name}\n\n{example}"
        if request.append:
            with request.target_path.open("a", encoding="utf-8") as file:
                file.write(f"---\n{text}")
        else:
            (request.target_path / "defs.yaml").write_text(text, "utf-8")
