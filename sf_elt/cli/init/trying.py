"""Whether a plan loads: the deployment's YAML with its changes, in a copy, by Dagster's own loader."""

import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import dagster as dg

from sf_elt.components.deployment import Deployment
from sf_elt.components.resources import WarehouseResource
from sf_elt.components.wrong_yaml import WrongYaml, yaml_told_plainly

PROJECT = '[tool.dg]\ndirectory_type = "project"\n\n[tool.dg.project]\nroot_module = "{module}"\n'


def tried(root: Path, changed: Mapping[Path, str]) -> Deployment:
    """The deployment below `root` as it would be with these texts. Raises WrongYaml, with the files' own names."""
    with TemporaryDirectory(prefix="sf-elt-init-") as folder, _importable(Path(folder)) as module:
        copy = Path(folder) / module / "defs"
        _copy(root, copy, changed)
        (Path(folder) / "pyproject.toml").write_text(PROJECT.format(module=module), "utf-8")
        (copy.parent / "__init__.py").touch()
        (copy / "__init__.py").touch()
        try:
            with yaml_told_plainly(copy), warnings.catch_warnings():
                warnings.simplefilter("ignore")  # what Dagster says of its own parts
                return _loaded(copy.parent)
        except WrongYaml as error:
            raise WrongYaml(str(error).replace(str(copy), str(root))) from None


def _loaded(project: Path) -> Deployment:
    tree = dg.ComponentTree.for_project(project)
    definitions = dg.Definitions.merge(tree.build_defs(), dg.Definitions(resources={"warehouse": WarehouseResource()}))
    dg.Definitions.validate_loadable(definitions)
    return Deployment.of(tree)


def _copy(root: Path, copy: Path, changed: Mapping[Path, str]) -> None:
    """What the folder has, by links, with the changed files in place of theirs."""
    copy.mkdir(parents=True)
    for file in root.rglob("*"):
        if file.is_file() and file not in changed and "__pycache__" not in file.parts:
            link = copy / file.relative_to(root)
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(file.resolve())
    for file, text in changed.items():
        written = copy / file.relative_to(root)
        written.parent.mkdir(parents=True, exist_ok=True)
        written.write_text(text, "utf-8")


@contextmanager
def _importable(folder: Path) -> Iterator[str]:
    """The name of a module that can be imported from the folder, and is forgotten afterwards."""
    module = f"sf_elt_init_{uuid4().hex}"
    sys.path.insert(0, str(folder))
    try:
        yield module
    finally:
        sys.path.remove(str(folder))
        for name in [name for name in sys.modules if name.partition(".")[0] == module]:
            del sys.modules[name]
