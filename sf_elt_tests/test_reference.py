"""The reference under docs/reference/ is what the code says."""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from types import ModuleType

import pytest
from pydantic import BaseModel, Field

from sf_elt_tests.pages import ROOT


@pytest.fixture(scope="module")
def reference() -> ModuleType:
    """The script that writes the pages."""
    spec = spec_from_file_location("make_reference", ROOT / "docs" / "make_reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_the_pages_are_as_the_script_writes_them(reference: ModuleType) -> None:
    """One for each component type, and the Launchpad's; none is left of a type that is gone."""
    standing = {file.name: file.read_text("utf-8") for file in reference.FOLDER.glob("*.md")}
    wanted = reference.pages()
    stale = sorted(name for name in wanted.keys() | standing.keys() if wanted.get(name) != standing.get(name))
    assert stale == [], "run `python docs/make_reference.py`"


def test_every_attribute_and_option_has_a_sentence(reference: ModuleType) -> None:
    """Of component types, of what stands inside them, and of what a run may be told in the Launchpad."""
    models = [*reference.component_types().values(), *reference.run_configs()]
    every = [inside for model in models for inside in (model, *reference._nested(model))]
    lacking = [
        f"{model.__name__}.{name}"
        for model in every
        for name, field in model.model_fields.items()
        if not (field.description or "").rstrip().endswith((".", "…"))
    ]
    assert lacking == []
    assert len(reference.run_configs()) >= 4


def test_what_is_accepted_is_told_in_words(reference: ModuleType) -> None:
    """Choices, limits, lists and mappings, and what stands inside others by a link."""

    class Inner(BaseModel):
        name: str = Field(description="A name.", max_length=3)

    class Outer(BaseModel):
        inner: dict[str, list[Inner]] = Field(default_factory=dict, description="Some.")
        share: float | None = Field(default=None, ge=0, le=1, description="A | part.")

    table = reference._table(Outer)
    assert "| `inner` | names, each with list of [Inner](#inner) | – | Some. |" in table
    assert "| `share` | number, at least 0, at most 1 | – | A \\| part. |" in table
    assert "| `name` | text, no longer than 3 | required | A name. |" in reference._table(Inner)
