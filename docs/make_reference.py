"""Writes docs/reference/ from the component types and run configurations: every attribute, its type and default.

python docs/make_reference.py           # writes the pages
python docs/make_reference.py --check   # says which are not as it would write them
"""

import argparse
import pkgutil
import sys
import types
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from importlib import import_module
from inspect import cleandoc, getdoc
from itertools import chain
from pathlib import Path
from typing import Annotated, Literal, Union, get_args, get_origin

import dagster as dg
import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from sf_elt import components
from sf_elt.cli.loading import definitions
from sf_elt.components.attributes import Attributes
from sf_elt.components.scaffold import EXAMPLES

FOLDER = Path(__file__).parent / "reference"
MADE = "<!-- docs/make_reference.py has written this page from the code: change the code, and run it again. -->"
PLAIN = {str: "text", int: "whole number", float: "number", bool: "true or false", date: "day", datetime: "time"}
LIMITS = {"ge": "at least {}", "gt": "more than {}", "le": "at most {}", "lt": "less than {}"}
STEP = "the step of the asset"
"""In an example, where no asset of the shipped deployment has the options."""

LONG_DEFAULT = 60  # characters; a longer one is told in words by its attribute
MORE_EXAMPLES = {"SalesforceImport": "imports", "SalesforceExport": "exports"}
"""Type → the folder with examples of it besides the usual one."""


def pages() -> dict[str, str]:
    """File name → text of every page."""
    found = {f"{name}.md": _page_of_type(name, each) for name, each in component_types().items()}
    return {"README.md": _index(), **found, "launchpad.md": _page_of_launchpad()}


def component_types() -> dict[str, type[Attributes]]:
    """The component types that Dagster lists, by name."""
    found = {name: getattr(components, name) for name in components.__all__}
    return {name: each for name, each in found.items() if issubclass(each, Attributes)}


def run_configs() -> list[type[dg.Config]]:
    """What the Launchpad takes for a run: the configurations of all assets, by name."""
    for module in pkgutil.walk_packages(components.__path__, f"{components.__name__}."):
        import_module(module.name)
    own = (each for each in _subclasses(dg.Config) if each.__module__.startswith(f"{components.__name__}."))
    resources = (dg.ConfigurableResource,)
    return sorted((each for each in own if not issubclass(each, resources)), key=lambda each: each.__name__)


def _subclasses(cls: type[dg.Config]) -> Iterator[type[dg.Config]]:
    for each in cls.__subclasses__():
        yield each
        yield from _subclasses(each)


def _index() -> str:
    rows = [f"| [`{name}`]({name}.md) | {_first_sentence(each)} |" for name, each in component_types().items()]
    return _page(
        "# Reference",
        "Every attribute that the YAML under `sf_elt/defs/` may have, and every option of a run in the Launchpad. "
        "`sf-elt init` writes such YAML after a few questions, `dg scaffold defs sf_elt.components.TYPE FOLDER` begins "
        "with an example, and `sf-elt check` and `dg check yaml` hold it against this. Texts may be "
        "templates, `\"{{ env('NAME', 'default') }}\"`, but for audiences, the mapping and its guards, which are taken "
        "as they are written.",
        "\n".join(["| Component type | What it is |", "|---|---|", *rows]),
        "[Options of a run](launchpad.md): what the Launchpad takes when somebody starts a run by hand.",
    )


def _page_of_type(name: str, component: type[Attributes]) -> str:
    nested = _nested(component)
    examples = [_example(name, name)]
    if folder := MORE_EXAMPLES.get(name):
        kinds = sorted(path.name.removesuffix(".yaml") for path in EXAMPLES.joinpath(folder).iterdir())
        examples += [f"`--example {kind}`:\n\n{_example(name, f'{folder}/{kind}')}" for kind in kinds]
    return _page(
        f"# {name}",
        _told(component),
        f"`type: sf_elt.components.{name}`",
        _table(component),
        *(part for each in nested for part in (f"## {each.__name__}", _told(each), _table(each))),
        "## Example",
        f"`dg scaffold defs sf_elt.components.{name} FOLDER` writes this to begin with:",
        *examples,
    )


def _example(name: str, file: str) -> str:
    text = EXAMPLES.joinpath(f"{file}.yaml").read_text("utf-8")
    return f"```yaml\ntype: sf_elt.components.{name}\n\n{text.rstrip()}\n```"


def _page_of_launchpad() -> str:
    steps = _steps_of_configs()
    parts = []
    for each in run_configs():
        step = steps.get(frozenset(each.model_fields), STEP)
        name, field = min(each.model_fields.items(), key=lambda item: item[1].annotation is not bool)
        example = yaml.safe_dump({"ops": {step: {"config": {name: not field.default}}}}, sort_keys=False)
        parts += [f"## {each.__name__}", _told(each), _table(each), f"```yaml\n{example}```"]
    return _page(
        "# Options of a run",
        "In Dagster's UI: an asset → *Materialize* → *Open launchpad*. Options stand under `ops`, the step of the "
        "asset, and `config`; the Launchpad completes the names. What is left out is as in the table.",
        *parts,
    )


def _steps_of_configs() -> Mapping[frozenset[str], str]:
    """Options → a step of the shipped deployment that takes them."""
    found: dict[frozenset[str], str] = {}
    for each in definitions().assets or ():
        if isinstance(each, dg.AssetsDefinition) and (schema := each.node_def.config_field):
            found.setdefault(frozenset(getattr(schema.config_type, "fields", {})), each.node_def.name)
    return found


def _page(*parts: str) -> str:
    return "\n\n".join([parts[0], MADE, *parts[1:]]) + "\n"


def _table(model: type[BaseModel]) -> str:
    rows = [
        f"| `{field.alias or name}` | {_cell(_accepted(field))} | {_default(field)} | {_cell(_description(field))} |"
        for name, field in sorted(model.model_fields.items(), key=lambda item: not item[1].is_required())
    ]
    return "\n".join(["| Attribute | Accepted | Default | Meaning |", "|---|---|---|---|", *rows])


def _description(field: FieldInfo) -> str:
    if not field.description:
        raise ValueError(f"an attribute has no description: {field}")
    return field.description


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if value is None or value is PydanticUndefined or isinstance(value, BaseModel) or value in ("", (), [], {}):
        return "–"
    value = list(value) if isinstance(value, tuple) else value
    shown = yaml.safe_dump(value, default_flow_style=True, width=10_000).removesuffix("\n...\n").strip()
    return f"`{_cell(shown)}`" if len(shown) <= LONG_DEFAULT else "–"


def _accepted(field: FieldInfo) -> str:
    return _limited(_in_words(field.annotation), field.metadata)


def _in_words(annotation: object) -> str:
    """What an attribute takes, for people."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        inside = [given.metadata if isinstance(given, FieldInfo) else [given] for given in arguments[1:]]
        return _limited(_in_words(arguments[0]), chain.from_iterable(inside))
    if origin in (Union, types.UnionType):
        told = dict.fromkeys(_in_words(each) for each in arguments if each is not type(None))
        return " or ".join(told)
    if origin is Literal:
        return " or ".join(f"`{each}`" for each in arguments)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return f"names, each with {_in_words(arguments[1])}"
    if isinstance(origin, type) and issubclass(origin, Iterable):
        return f"list of {_in_words(arguments[0])}"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return f"[{annotation.__name__}](#{annotation.__name__.lower()})"
    return PLAIN.get(annotation, "any value") if isinstance(annotation, type) else "any value"


def _limited(told: str, metadata: Iterable[object]) -> str:
    """With the limits that the attribute holds a value to."""
    limits = []
    for each in metadata:
        limits += [words.format(getattr(each, name)) for name, words in LIMITS.items() if hasattr(each, name)]
        if (pattern := getattr(each, "pattern", None)) is not None:
            limits.append(f"`{pattern}`")
        if (most := getattr(each, "max_length", None)) is not None:
            limits.append(f"no longer than {most}")
        if getattr(each, "min_length", None):
            limits.append("not empty")
    return ", ".join([told, *dict.fromkeys(limits)])


def _nested(model: type[BaseModel]) -> list[type[BaseModel]]:
    """The models inside a model, each once, in the order in which they are met."""
    found: dict[type[BaseModel], None] = {}

    def look(inside: type[BaseModel]) -> None:
        for field in inside.model_fields.values():
            for each in _models_in(field.annotation):
                if each not in found:
                    found[each] = None
                    look(each)

    look(model)
    return list(found)


def _models_in(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and not get_args(annotation) and issubclass(annotation, BaseModel):
        yield annotation
    for each in get_args(annotation):
        yield from _models_in(each)


def _told(cls: type) -> str:
    return cleandoc(getdoc(cls) or "")


def _first_sentence(cls: type) -> str:
    return _cell(_told(cls).partition("\n\n")[0])


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 where a page is not current")
    only_check = parser.parse_args().check
    wanted = pages()
    standing = {file.name: file.read_text("utf-8") for file in FOLDER.glob("*.md")}
    stale = sorted(name for name in wanted.keys() | standing.keys() if wanted.get(name) != standing.get(name))
    for name in [] if only_check else stale:
        FOLDER.mkdir(exist_ok=True)
        (FOLDER / name).unlink(missing_ok=True)
        if name in wanted:
            (FOLDER / name).write_text(wanted[name], "utf-8")
    sys.stdout.write("".join(f"{name}\n" for name in stale))
    sys.exit(1 if only_check and stale else 0)


if __name__ == "__main__":
    main()
