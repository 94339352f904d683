"""The components that stand already under a deployment's folder, as their files have them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from sf_elt.cli.init.yaml_text import documents, load
from sf_elt.components.wrong_yaml import WrongYaml
from sf_elt.plain_file import read_file

PREFIX = "sf_elt.components."
FILE = "defs.yaml"


@dataclass(frozen=True)
class Component:
    """One document of a file: its type without `sf_elt.components.`, and its attributes as they are written."""

    file: Path
    place: int
    kind: str
    attributes: Mapping[str, object]

    @property
    def name(self) -> str:
        """What others call it; empty for a type of which a deployment has one."""
        return str(self.attributes.get("name", ""))

    def items(self, attribute: str) -> list[Mapping[str, object]]:
        """Those of an attribute's items that are mappings."""
        value = self.attributes.get(attribute)
        return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


@dataclass(frozen=True)
class Standing:
    """Every component below `root`, and the text of every file."""

    root: Path
    components: tuple[Component, ...]
    texts: Mapping[Path, str]

    def of(self, kind: str, *, within: Path | None = None) -> list[Component]:
        """Those of a type; only those in a folder, where one is named."""
        found = [each for each in self.components if each.kind == kind]
        return found if within is None else [each for each in found if each.file.is_relative_to(within)]

    def named(self, kind: str, name: str) -> Component | None:
        """The one of a type and name."""
        return next((each for each in self.of(kind) if each.name == name), None)


def read_standing(root: Path) -> Standing:
    """Reads every component file below a folder; none where there is no folder. Raises WrongYaml."""
    texts = {file: text_of(file) for file in sorted(root.rglob(FILE))}
    found = [each for file, text in texts.items() for each in _components(file, text)]
    return Standing(root, tuple(found), texts)


def text_of(file: Path) -> str:
    """What a file says. Raises WrongYaml where it is not UTF-8."""
    try:
        return read_file(file).decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError:
        raise WrongYaml(f"{file}: it is not UTF-8; save it as UTF-8") from None
    except OSError as error:
        raise WrongYaml(f"{file}: it cannot be read: {error.strerror}") from None


def _components(file: Path, text: str) -> Iterator[Component]:
    for place, each in enumerate(documents(text)):
        try:
            read = load(each)
        except yaml.YAMLError as error:
            raise WrongYaml(f"{file}: {error}") from None
        if read is None:
            continue
        if not isinstance(read, Mapping) or not isinstance(read.get("attributes", {}), Mapping):
            raise WrongYaml(f"{file}: document {place + 1} is no component; one has `type` and `attributes`")
        kind = str(read.get("type", "")).removeprefix(PREFIX)
        yield Component(file, place, kind, read.get("attributes") or {})
