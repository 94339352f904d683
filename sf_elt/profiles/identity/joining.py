"""Which rows belong to one person: connected components over the identifiers that rows share.

SQL links each record to the smallest record that shares one of its identifiers; scipy finds the components of those
links; a component that holds more identifiers than a profile may, or two that are kept apart by hand, is joined anew,
link by link, refusing what may not be.
"""

from collections.abc import Mapping, Sequence

import duckdb
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from sf_elt.profiles.fuzzy.links import list_fuzzy
from sf_elt.profiles.identity.guards import Guards, set_up_guards
from sf_elt.profiles.identity.overfull import KeptApart, Link, TooMany, join_within
from sf_elt.profiles.manual.lists import ManualLists
from sf_elt.profiles.manual.pairs import identifier_names, join_pairs, kept_apart, list_pairs
from sf_elt.profiles.mapping.rules import FieldRule, identifier_kinds
from sf_elt.profiles.reading.rows import MappedStream, identifier_candidates
from sf_elt.profiles.sql import delete, statement, store


def join_records(
    connection: duckdb.DuckDBPyConnection,
    streams: Sequence[MappedStream],
    mapping: Sequence[FieldRule],
    guards: Guards,
    *,
    records: int,
    affected: str,
) -> None:
    """Fills the temporary tables occurrences (with what was refused), joined_records and found_identifiers.

    joined_records has record → component for the records that are not themselves their component, which is the
    smallest record number in it; found_identifiers has each identifier once with its component. The streams have
    `records` rows; each link by hand counts as one more. `affected` is SQL for whether an identifier is joined anew:
    a record that was read for one of its rows has others, which belong to other people.
    """
    kinds = identifier_kinds(mapping)
    find_occurrences(connection, streams, mapping, guards)
    delete(connection, "occurrences", f"rule IS NULL AND NOT ({affected})")
    if connection.execute("SELECT count(*) FROM listed_pairs").fetchall() != [(0,)]:
        join_pairs(connection, stream_number=len(streams), offset=records)
    connection.execute(statement("keyed_identifiers"))
    edges = connection.execute(statement("edges")).fetchnumpy()
    joined, components = smallest_connected(
        np.asarray(edges["record"], np.int64), np.asarray(edges["first_record"], np.int64)
    )
    store(connection, "joined_records", {"record": joined, "component": components})
    connection.execute(statement("found_identifiers"))
    apart = kept_apart(connection)
    if (guards.max_per_kind or apart) and _divide(connection, kinds, guards.max_per_kind, apart):
        connection.execute(statement("keyed_identifiers"))
        connection.execute(statement("found_identifiers"))


def set_up_identity(
    connection: duckdb.DuckDBPyConnection,
    mapping: Sequence[FieldRule],
    guards: Guards,
    lists: ManualLists,
    fuzzy_threshold: float | None,
) -> None:
    """Makes the guards' macros and the temporary tables kinds and listed_pairs: pairs by hand, and fuzzy links."""
    set_up_guards(connection, mapping, guards)
    list_pairs(connection, lists, mapping, guards)
    if fuzzy_threshold is not None:
        list_fuzzy(connection, fuzzy_threshold)


def find_occurrences(
    connection: duckdb.DuckDBPyConnection,
    streams: Sequence[MappedStream],
    mapping: Sequence[FieldRule],
    guards: Guards,
) -> None:
    """Makes the temporary table occurrences: what the numbered rows of the streams carry, and what guards refuse."""
    connection.execute(
        statement("occurrences", candidates=identifier_candidates(streams, identifier_kinds(mapping))),
        {"role_mailboxes": [name.lower() for name in guards.role_mailboxes]},
    )


def smallest_connected(
    left: NDArray[np.int64], right: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The ends of the edges left–right that are connected with a smaller one, each once, and the smallest such one."""
    nodes, positions = np.unique(np.concatenate([left, right]), return_inverse=True)
    if not len(nodes):
        return nodes, nodes
    sources, targets = positions[: len(left)], positions[len(left) :]
    graph = coo_array((np.ones(len(left), np.int8), (sources, targets)), shape=(len(nodes), len(nodes)))
    count, labels = connected_components(graph.tocsr(), directed=False)
    first = np.empty(count, nodes.dtype)
    first[labels[::-1]] = nodes[::-1]  # of several, numpy keeps the last: the nodes are in order
    smallest = first[labels]
    joined = nodes != smallest
    return nodes[joined], smallest[joined]


def _divide(
    connection: duckdb.DuckDBPyConnection,
    kinds: Sequence[str],
    maxima: Mapping[str, int],
    apart: Mapping[str, set[str]],
) -> bool:
    """Joins the rows anew of components that hold too much or what is kept apart; says whether there were any."""
    links = [Link(*row) for row in connection.execute(statement("overfull")).fetchall()]
    if not links:
        return False
    components, refused = join_within(links, {kinds.index(kind): maximum for kind, maximum in maxima.items()}, apart)
    records = np.fromiter(components, np.int64, len(components))
    store(connection, "rejoined", {"record": records, "component": np.array(list(components.values()), np.int64)})
    connection.execute("DELETE FROM joined_records WHERE record IN (SELECT record FROM rejoined)")
    connection.execute("INSERT INTO joined_records FROM rejoined WHERE record <> component")
    names = identifier_names(connection)
    why = [_in_words(link.why, kinds, names) for link in refused]
    store(
        connection,
        "refused",
        {
            "record": np.array([link.record for link in refused], np.int64),
            "key": [link.key for link in refused],
            "rule": [rule for rule, _ in why],
            "detail": [detail for _, detail in why],
        },
    )
    connection.execute(statement("refuse"))
    return True


def _in_words(why: TooMany | KeptApart, kinds: Sequence[str], names: Mapping[str, str]) -> tuple[str, str]:
    """The rule's name and what it says."""
    if isinstance(why, KeptApart):
        one, other = sorted((names[why.key], names[why.other]))
        return "manual unlink", f"{one} and {other} are kept apart by hand"
    return "max_per_kind", f"the profile would hold {why.would_hold} {kinds[why.kind]}, more than the maximum"
