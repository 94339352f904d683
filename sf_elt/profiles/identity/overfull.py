"""Joining rows link by link, so that no profile holds more identifiers of a kind than it may, or two kept apart."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

Node = int | str
"""A record by its number, or an identifier by its key."""


@dataclass(frozen=True)
class Link:
    """A record carries an identifier; `kind` is the identifier's kind by number, `key` the identifier itself.

    What was linked by hand may exceed the maxima.
    """

    record: int
    kind: int
    key: str
    by_hand: bool = False


@dataclass(frozen=True)
class TooMany:
    """The group would hold `would_hold` identifiers of `kind`."""

    kind: int
    would_hold: int


@dataclass(frozen=True)
class KeptApart:
    """The group would hold the identifiers `key` and `other`, which are kept apart."""

    key: str
    other: str


@dataclass(frozen=True)
class RefusedLink:
    """A link that would have joined two groups into one that may not be."""

    record: int
    key: str
    why: TooMany | KeptApart


def join_within(
    links: Iterable[Link], maxima: Mapping[int, int], apart: Mapping[str, Collection[str]] | None = None
) -> tuple[dict[int, int], list[RefusedLink]]:
    """Joins the links in their order, refusing each that would put together what may not be together in one group.

    Those are more than `maxima[kind]` identifiers of a kind, and two identifiers of which `apart` names one with the
    other (it has each pair both ways). Gives record → smallest record of its group, and the refused links. A record's
    first link is never refused.
    """
    forest = _Forest(maxima, apart or {})
    records = set()
    refused = []
    for link in links:
        records.add(link.record)
        forest.plant_identifier(link.key, link.kind)
        tree, other = forest.root(link.record), forest.root(link.key)
        if tree == other:
            continue
        why = forest.kept_apart(tree, other) or (None if link.by_hand else forest.too_many(tree, other))
        if why:
            refused.append(RefusedLink(link.record, link.key, why))
        else:
            forest.join(tree, other)
    smallest: dict[Node, int] = {}
    for record in sorted(records):
        smallest.setdefault(forest.root(record), record)
    return {record: smallest[forest.root(record)] for record in records}, refused


@dataclass
class _Forest:
    """Union-find over records and identifiers.

    Each tree knows how many identifiers of each kind it holds, and which of those that are kept apart from others.
    """

    maxima: Mapping[int, int]
    apart: Mapping[str, Collection[str]]
    parents: dict[Node, Node] = field(default_factory=dict)
    counts: dict[Node, Counter[int]] = field(default_factory=dict)
    loners: dict[Node, set[str]] = field(default_factory=dict)

    def plant_identifier(self, key: str, kind: int) -> None:
        if key not in self.parents:
            self.parents[key] = key
            self.counts[key] = Counter({kind: 1})
            if key in self.apart:
                self.loners[key] = {key}

    def root(self, node: Node) -> Node:
        path = []
        while (parent := self.parents.setdefault(node, node)) != node:
            path.append(node)
            node = parent
        for each in path:
            self.parents[each] = node
        return node

    def too_many(self, tree: Node, other: Node) -> TooMany | None:
        """What would be too much. A group that exceeds a maximum by hand still takes what adds nothing of that kind."""
        held, more = self.counts.get(tree, Counter()), self.counts.get(other, Counter())
        for kind, maximum in self.maxima.items():
            if held[kind] and more[kind] and held[kind] + more[kind] > maximum:
                return TooMany(kind, held[kind] + more[kind])
        return None

    def kept_apart(self, tree: Node, other: Node) -> KeptApart | None:
        """The first two identifiers of the two trees that are kept apart."""
        there = self.loners.get(other, set())
        for key in sorted(self.loners.get(tree, ())):
            if together := there.intersection(self.apart[key]):
                return KeptApart(key, min(together))
        return None

    def join(self, tree: Node, other: Node) -> None:
        self.parents[other] = tree
        self.counts[tree] = self.counts.get(tree, Counter()) + self.counts.get(other, Counter())
        if other in self.loners:
            self.loners[tree] = self.loners.get(tree, set()) | self.loners[other]
