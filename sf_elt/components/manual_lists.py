"""Links and unlinks by hand, as the YAML of Profiles has them: pairs, and files of pairs in CSV."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Self

import dagster as dg
from pydantic import BaseModel, Field

from sf_elt.components.attributes import ComponentAttributeError, Verbatim, place_of
from sf_elt.profiles import Identifier, ManualLists, Pair, read_pairs

OneIdentifier = Annotated[dict[str, str], Field(min_length=1, max_length=1)]


class ManualPair(Verbatim):
    """Two identifiers, each by its user field: `{one: {email: a@example.com}, other: {email: b@example.com}}`."""

    one: OneIdentifier = Field(description="User field → value of one identifier.")
    other: OneIdentifier = Field(description="User field → value of the other identifier.")

    @classmethod
    def resolve_from_model(cls, context: dg.ResolutionContext, model: BaseModel) -> Self:
        """The pair as the YAML has it. An error has its place, and no lines of the file: they name people."""
        try:
            return super().resolve_from_model(context, model)
        except ComponentAttributeError as error:
            raise ComponentAttributeError(str(error).partition("\n")[0]) from None


@dataclass(frozen=True)
class ListFile:
    """A file of pairs, and where the YAML names it."""

    path: Path
    named_at: str

    def read(self) -> list[Pair]:
        """Raises MappingRefused where it cannot be read."""
        return read_pairs(self.path, self.named_at)


@dataclass(frozen=True)
class ListsOfYaml:
    """What the YAML says, with the place of each pair. A file is read anew for each build."""

    links: tuple[Pair, ...]
    unlinks: tuple[Pair, ...]
    links_file: ListFile | None
    unlinks_file: ListFile | None

    def read(self) -> ManualLists:
        """The pairs of the YAML and of the files. Raises MappingRefused where a file cannot be read."""
        return ManualLists(
            links=[*self.links, *(self.links_file.read() if self.links_file else ())],
            unlinks=[*self.unlinks, *(self.unlinks_file.read() if self.unlinks_file else ())],
        )


def placed(context: dg.ComponentLoadContext, attribute: str, pairs: Sequence[ManualPair]) -> tuple[Pair, ...]:
    """The pairs of a list of the component that is being built, each with its file and line."""
    return tuple(
        Pair(_identifier(pair.one), _identifier(pair.other), place_of(context, [attribute, index]))
        for index, pair in enumerate(pairs)
    )


def beside(context: dg.ComponentLoadContext, attribute: str, file: str) -> ListFile | None:
    """The file that the attribute names by its path from the component's own folder; none where it names none."""
    folder = context.path if context.path.is_dir() else context.path.parent
    return ListFile(folder / file, place_of(context, [attribute])) if file else None


def _identifier(named: dict[str, str]) -> Identifier:
    ((kind, value),) = named.items()
    return Identifier(kind, value)
