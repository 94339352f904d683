"""The connections, imports, exports and audiences of a deployment, read from its YAML without running anything."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypeVar

import dagster as dg

import sf_elt
from sf_elt.components.attributes import did_you_mean
from sf_elt.components.audiences import known_audiences
from sf_elt.components.exports.salesforce_export import SalesforceExport
from sf_elt.components.imports.imported_object import ImportedObject
from sf_elt.components.imports.salesforce_import import SalesforceImport
from sf_elt.components.salesforce_connection import SalesforceConnection
from sf_elt.components.writes_to_org import fields_written_by
from sf_elt.streams import StreamSpec

_Component = TypeVar("_Component")


class NotInDeployment(LookupError):
    """No connection, import or export of the deployment has that name."""


@dataclass(frozen=True)
class ImportedStream:
    """One stream of an import, with what is asked of the org for it."""

    importer: SalesforceImport
    imported: ImportedObject
    spec: StreamSpec


@dataclass(frozen=True)
class Deployment:
    """What the YAML under defs/ says of orgs; `audiences` are the names of all that there are."""

    connections: tuple[SalesforceConnection, ...]
    imports: tuple[SalesforceImport, ...]
    exports: tuple[SalesforceExport, ...]
    audiences: tuple[str, ...] = ()

    @classmethod
    def of(cls, tree: dg.ComponentTree) -> Self:
        """Out of a component tree, as every component has it in its context."""
        return cls(
            connections=tuple(tree.get_all_components(SalesforceConnection)),
            imports=tuple(tree.get_all_components(SalesforceImport)),
            exports=tuple(tree.get_all_components(SalesforceExport)),
            audiences=tuple(each.name for each in known_audiences(tree)),
        )

    def connection(self, name: str) -> SalesforceConnection:
        """The connection of that name. Raises NotInDeployment with the names that there are."""
        return _named(name, {each.name: each for each in self.connections}, "connection")

    def importer(self, name: str) -> SalesforceImport:
        """The import of that name. Raises NotInDeployment with the names that there are."""
        return _named(name, {each.name: each for each in self.imports}, "import")

    def export(self, name: str) -> SalesforceExport:
        """The export of that name. Raises NotInDeployment with the names that there are."""
        return _named(name, {each.name: each for each in self.exports}, "export")

    def streams(self, connection: str) -> Iterator[ImportedStream]:
        """Every stream that is imported over a connection."""
        for importer in self.imports:
            if importer.connection == connection:
                yield from self.streams_of(importer)

    def streams_of(self, importer: SalesforceImport) -> Iterator[ImportedStream]:
        """Every stream of one import."""
        for imported in importer.imported:
            written = tuple(fields_written_by(self.exports, importer.connection, imported.object))
            yield ImportedStream(importer, imported, importer.spec(imported, written))

    def exports_to(self, connection: str) -> Iterator[SalesforceExport]:
        """Every export over a connection."""
        yield from (each for each in self.exports if each.connection == connection)


def load_deployment(folder: Path | None = None) -> Deployment:
    """The deployment whose project `folder` is in; this one's, where none is named.

    Raises Dagster's errors about the YAML, which name file, line and attribute.
    """
    return Deployment.of(load_tree(folder))


def load_tree(folder: Path | None = None) -> dg.ComponentTree:
    """The components of the project that `folder` is in; of this one, where none is named."""
    return dg.ComponentTree.for_project(folder or Path(sf_elt.__file__).parent)


def _named(name: str, known: dict[str, _Component], what: str) -> _Component:
    if name not in known:
        raise NotInDeployment(f"there is no {what} {name!r}; {did_you_mean(name, known)}")
    return known[name]
