"""Links and unlinks by hand, as the YAML of Profiles has them: pairs, and files of pairs in CSV."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import dagster as dg
from pydantic import Field

from sf_elt.components.attributes import Verbatim, place_of
from sf_elt.profiles import Identifier, ManualLists, Pair, read_pairs

OneIdentifier = Annotated[dict[str, str], Field(min_length=1, max_length=1)]


class ManualPair(Verbatim):
    """Two identifiers, each by its user field: `{one: {email: a@example.com}, other: {email: b@example.com}}`."""

    one: OneIdentifier = Field(description="User field → value of one identifier.")
    other: OneIdentifier = Field(description="User field → value of the other identifier.")


@dataclass(frozen=True)
class ListsOfYaml:
    """What the YAML says, with the place of each pair. A file is read anew for each build."""

    links: tuple[Pair, ...]
    unlinks: tuple[Pair, ...]
    links_file: Path | None
    unlinks_file: Path | None

    def read(self) -> ManualLists:
        """The pairs of the YAML and of the files. Raises MappingRefused where a file cannot be read."""
        return ManualLists(
            links=[*self.links, *(read_pairs(self.links_file) if self.links_file else ())],
            unlinks=[*self.unlinks, *(read_pairs(self.unlinks_file) if self.unlinks_file else ())],
        )


def placed(context: dg.ComponentLoadContext, attribute: str, pairs: Sequence[ManualPair]) -> tuple[Pair, ...]:
    """The pairs of a list of the component that is being built, each with its file and line."""
    return tuple(
        Pair(_identifier(pair.one), _identifier(pair.other), place_of(context, [attribute, index]))
        for index, pair in enumerate(pairs)
    )


def beside(context: dg.ComponentLoadContext, file: str) -> Path | None:
    """The file by its path from the component's own folder; none where none is named."""
    folder = context.path if context.path.is_dir() else context.path.parent
    return folder / file if file else None


def _identifier(named: dict[str, str]) -> Identifier:
    ((kind, value),) = named.items()
    return Identifier(kind, value)
