"""Joining rows link by link, so that no profile holds more identifiers of a kind than it may."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

Node = int | str
"""A record by its number, or an identifier by its key."""


@dataclass(frozen=True)
class Link:
    """A record carries an identifier; `kind` is the identifier's kind by number, `key` the identifier itself."""

    record: int
    kind: int
    key: str


@dataclass(frozen=True)
class RefusedLink:
    """A link that would have joined two groups into one that holds `would_hold` identifiers of `kind`."""

    record: int
    key: str
    kind: int
    would_hold: int


def join_within(links: Iterable[Link], maxima: Mapping[int, int]) -> tuple[dict[int, int], list[RefusedLink]]:
    """Joins the links in their order, refusing each that would put more than `maxima[kind]` identifiers in one group.

    Gives record → smallest record of its group, and the refused links. A record's first link is never refused.
    """
    forest = _Forest()
    records = set()
    refused = []
    for link in links:
        records.add(link.record)
        forest.plant_identifier(link.key, link.kind)
        tree, other = forest.root(link.record), forest.root(link.key)
        together = forest.held(tree) + forest.held(other)
        exceeded = [kind for kind, maximum in maxima.items() if together[kind] > maximum]
        if tree != other and exceeded:
            refused.append(RefusedLink(link.record, link.key, exceeded[0], together[exceeded[0]]))
        elif tree != other:
            forest.join(tree, other, together)
    smallest: dict[Node, int] = {}
    for record in sorted(records):
        smallest.setdefault(forest.root(record), record)
    return {record: smallest[forest.root(record)] for record in records}, refused


@dataclass
class _Forest:
    """Union-find over records and identifiers; each tree knows how many identifiers of each kind it holds."""

    parents: dict[Node, Node] = field(default_factory=dict)
    counts: dict[Node, Counter[int]] = field(default_factory=dict)

    def plant_identifier(self, key: str, kind: int) -> None:
        if key not in self.parents:
            self.parents[key] = key
            self.counts[key] = Counter({kind: 1})

    def root(self, node: Node) -> Node:
        path = []
        while (parent := self.parents.setdefault(node, node)) != node:
            path.append(node)
            node = parent
        for each in path:
            self.parents[each] = node
        return node

    def held(self, root: Node) -> Counter[int]:
        return self.counts.get(root, Counter())

    def join(self, tree: Node, other: Node, together: Counter[int]) -> None:
        self.parents[other] = tree
        self.counts[tree] = together
