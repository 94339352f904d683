"""What the component types offer to somebody who begins: descriptions, and an example."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import dagster as dg
import pytest
from dagster.components.component_scaffolding import scaffold_object
from pydantic import BaseModel

import sf_elt.components
from sf_elt.components.attributes import Attributes
from sf_elt.components.scaffold import EXAMPLES, ExportKind, ImportKind
from sf_elt_tests.components.conftest import ROOT
from sf_elt_tests.components.test_yaml import PYPROJECT

IMPORTS, EXPORTS = ([path.stem for path in EXAMPLES.joinpath(kind).iterdir()] for kind in ("imports", "exports"))
TYPES = [name for name in sf_elt.components.__all__ if issubclass(getattr(sf_elt.components, name), Attributes)]
ONE_PER_PROJECT = {
    "Profiles": {"profiles", "scores", "affinity", "audiences", "exports"},
    "BehaviourScores": {"scores"},
    "ContentAffinity": {"affinity"},
    "Audiences": {"audiences", "exports"},
    "Report": {"report"},
}
"""Type → the project's folders that an example of it takes the place of, with what needs them."""


def properties(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every attribute of a JSON schema, those of items in lists too."""
    for model in [schema, *schema.get("$defs", {}).values()]:
        yield from model.get("properties", {}).items()


@pytest.mark.parametrize("name", TYPES)
def test_every_attribute_is_described(name: str) -> None:
    """The schema that editors and `dg` read has a sentence for each attribute, also for those with a default."""
    model = getattr(sf_elt.components, name).get_model_cls()
    described = dict(properties(model.model_json_schema()))
    assert described
    assert [name for name, attribute in described.items() if not attribute.get("description")] == []


@pytest.mark.parametrize(
    ("name", "params"),
    [
        *((name, None) for name in TYPES),
        *(("SalesforceImport", {"example": kind}) for kind in IMPORTS),
        *(("SalesforceExport", {"example": kind}) for kind in EXPORTS),
    ],
)
def test_a_scaffolded_component_is_valid(
    name: str, params: dict[str, str] | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`dg scaffold defs` writes an example with comments that loads in the project as it stands."""
    module = f"scaffolded_{name}_{(params or {}).get('example', '')}".lower()
    defs = tmp_path / module / "defs"
    without = ONE_PER_PROJECT.get(name, set())
    shutil.copytree(
        ROOT / "sf_elt" / "defs", defs, ignore=lambda folder, _: without if Path(folder).name == "defs" else ()
    )
    (tmp_path / "pyproject.toml").write_text(PYPROJECT.format(module=module), "utf-8")
    (tmp_path / module / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    scaffold_object(defs / "mine", f"sf_elt.components.{name}", json.dumps(params) if params else None, "yaml", None)
    assert "#" in (defs / "mine" / "defs.yaml").read_text("utf-8")
    loaded = dg.load_from_defs_folder(path_within_project=defs.parent).component_tree
    assert loaded is not None
    assert len(loaded.get_all_components(getattr(sf_elt.components, name))) >= 1


@pytest.mark.parametrize(("kind", "files"), [(ImportKind, IMPORTS), (ExportKind, EXPORTS)])
def test_every_example_is_offered(kind: type[BaseModel], files: list[str]) -> None:
    """The kinds that `--example` takes are the files that there are."""
    assert set(get_args(kind.model_fields["example"].annotation)) == {"usual", *files}


def test_a_scaffolded_component_may_follow_another(tmp_path: Path) -> None:
    """Appended to a file, it is a document of its own after what stands there."""
    file = tmp_path / "defs.yaml"
    file.write_text("type: something.Else\n", "utf-8")
    scaffold_object(file, "sf_elt.components.EventImport", None, "yaml", None, append=True)
    first, second = file.read_text("utf-8").split("---\n")
    assert first == "type: something.Else\n"
    assert second.startswith("type: sf_elt.components.EventImport\n")
