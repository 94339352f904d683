"""Links and unlinks by hand: pairs of identifiers that belong to one person, or never do, whatever the rows say.

lists = ManualLists(links=read_pairs(Path("links.csv")))
contradictions(lists)      # [] or one sentence for each two identifiers that are both linked and kept apart
"""

import csv
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from sf_elt.plain_file import read_file
from sf_elt.profiles.errors import MappingRefused

COLUMNS = ("kind", "value", "other_kind", "other_value")
"""The columns of a list in CSV."""

TOLD = 20  # lines of a list that are none, after which it is not read on


@dataclass(frozen=True, order=True)
class Identifier:
    """One value of an identifier; `kind` is the user field."""

    kind: str
    value: str


@dataclass(frozen=True)
class Pair:
    """Two identifiers that are linked or kept apart. `place` is where that is said: file and line."""

    one: Identifier
    other: Identifier
    place: str

    @property
    def both(self) -> tuple[Identifier, Identifier]:
        return self.one, self.other


@dataclass(frozen=True)
class ManualLists:
    """What people have decided by hand, beside what the rows say."""

    links: Sequence[Pair] = ()
    unlinks: Sequence[Pair] = ()

    def __bool__(self) -> bool:
        return bool(self.links or self.unlinks)


def read_pairs(file: Path, named_at: str = "") -> list[Pair]:
    """The pairs of a CSV file whose first line is `kind,value,other_kind,other_value`.

    Raises MappingRefused with one sentence for each of the first lines that are not such a pair, or where the file
    cannot be read, which then says where it is `named_at`.
    """
    try:
        text = read_file(file).decode("utf-8-sig")
    except OSError as error:
        place = f"{named_at}: " if named_at else ""
        raise MappingRefused([f"{place}{file} cannot be read: {error.strerror}"]) from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise MappingRefused([f"{file}:{line}: is not UTF-8: save the list as CSV in UTF-8"]) from None
    pairs: list[Pair] = []
    problems: list[str] = []
    line = 1
    lines = csv.reader(StringIO(text, newline=""), strict=True)
    try:
        if tuple(next(lines, [])) != COLUMNS:
            raise MappingRefused([f"{file}:1: the first line must be {','.join(COLUMNS)}"])
        line = lines.line_num + 1
        for cells in lines:
            place = f"{file}:{line}"
            line = lines.line_num + 1
            if len(cells) == len(COLUMNS) and all(cells):
                pairs.append(Pair(Identifier(cells[0], cells[1]), Identifier(cells[2], cells[3]), place))
            elif cells and len(problems) == TOLD:
                raise MappingRefused([*problems, f"{place}: and maybe more; it is read up to here"])
            elif cells:
                problems.append(f"{place}: has not a text in each of the columns {', '.join(COLUMNS)}")
    except csv.Error as error:
        raise MappingRefused([*problems, f"{file}:{line}: is not CSV: {error}. Is a quote not closed?"]) from None
    if problems:
        raise MappingRefused(problems)
    return pairs


def contradictions(lists: ManualLists) -> list[str]:
    """One sentence for each pair that is kept apart and linked too, directly or over others; values as cleaned."""
    neighbours: defaultdict[Identifier, list[tuple[Identifier, str]]] = defaultdict(list)
    for pair in lists.links:
        neighbours[pair.one].append((pair.other, pair.place))
        neighbours[pair.other].append((pair.one, pair.place))
    return [
        f"{pair.place}: keeps apart two identifiers that are linked by {' and '.join(places)}"
        for pair in lists.unlinks
        if (places := _way(neighbours, pair))
    ]


def _way(neighbours: Mapping[Identifier, Sequence[tuple[Identifier, str]]], pair: Pair) -> list[str]:
    """The places of the fewest links that lead from one identifier of the pair to the other; empty where none do."""
    came_from: dict[Identifier, tuple[Identifier, str]] = {}
    waiting = deque([pair.one])
    while waiting and pair.other not in came_from:
        here = waiting.popleft()
        for there, place in neighbours.get(here, ()):
            if there not in came_from and there != pair.one:
                came_from[there] = (here, place)
                waiting.append(there)
    places = []
    here = pair.other
    while here in came_from:
        here, place = came_from[here]
        places.append(place)
    return places[::-1]
