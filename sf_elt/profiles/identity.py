"""Which rows belong to one person: connected components over the identifiers that rows share.

SQL links each record to the smallest record that shares one of its identifiers; scipy finds the components of those
links; a component that holds more identifiers than a profile may is joined anew, link by link, refusing what exceeds.
"""

from collections.abc import Mapping, Sequence

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from sf_elt.profiles.guards import Guards
from sf_elt.profiles.mapping import FieldRule, identifier_kinds
from sf_elt.profiles.overfull import Link, join_within
from sf_elt.profiles.rows import MappedStream, identifier_candidates
from sf_elt.profiles.sql import statement


def join_records(
    connection: duckdb.DuckDBPyConnection,
    streams: Sequence[MappedStream],
    mapping: Sequence[FieldRule],
    guards: Guards,
) -> None:
    """Fills the temporary tables occurrences (with what guards refused), joined_records and found_identifiers.

    joined_records has record → component for the records that are not themselves their component, which is the
    smallest record number in it; found_identifiers has each identifier once with its component.
    """
    kinds = identifier_kinds(mapping)
    _kinds_table(connection, kinds, mapping, guards)
    connection.execute(
        statement("occurrences", candidates=identifier_candidates(streams, kinds)),
        {"role_mailboxes": [name.lower() for name in guards.role_mailboxes]},
    )
    edges = connection.execute(statement("edges")).fetchnumpy()
    records, components = smallest_connected(
        np.asarray(edges["record"], np.int64), np.asarray(edges["first_record"], np.int64)
    )
    _store(connection, "joined_records", {"record": records, "component": components})
    connection.execute(statement("found_identifiers"))
    if guards.max_per_kind and _divide_overfull(connection, kinds, guards.max_per_kind):
        connection.execute(statement("found_identifiers"))


def smallest_connected(
    left: NDArray[np.int64], right: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The ends of the edges left–right that are connected with a smaller one, each once, and the smallest such one."""
    nodes, positions = np.unique(np.concatenate([left, right]), return_inverse=True)
    if not len(nodes):
        return nodes, nodes
    sources, targets = positions[: len(left)], positions[len(left) :]
    graph = coo_array((np.ones(len(left), np.int8), (sources, targets)), shape=(len(nodes), len(nodes)))
    _, labels = connected_components(graph.tocsr(), directed=False)
    _, first = np.unique(labels, return_index=True)
    smallest = nodes[first[labels]]
    joined = nodes != smallest
    return nodes[joined], smallest[joined]


def _kinds_table(
    connection: duckdb.DuckDBPyConnection, kinds: Sequence[str], mapping: Sequence[FieldRule], guards: Guards
) -> None:
    clean = {rule.user_field: rule.clean for rule in mapping}
    connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE kinds
        (kind_number INTEGER, kind VARCHAR, clean VARCHAR, maximum BIGINT, never_join VARCHAR[])
        """
    )
    connection.executemany(
        "INSERT INTO kinds VALUES (?, ?, ?, ?, ?)",
        [
            (
                number,
                kind,
                clean[kind],
                guards.max_per_kind.get(kind),
                [value.lower() for value in guards.never_join.get(kind, ())],
            )
            for number, kind in enumerate(kinds)
        ],
    )


def _divide_overfull(connection: duckdb.DuckDBPyConnection, kinds: Sequence[str], maxima: Mapping[str, int]) -> bool:
    """Joins the rows of overfull components anew within the maxima; says whether there were any."""
    links = [Link(*row) for row in connection.execute(statement("overfull")).fetchall()]
    if not links:
        return False
    components, refused = join_within(links, {kinds.index(kind): maximum for kind, maximum in maxima.items()})
    records = np.fromiter(components, np.int64, len(components))
    _store(connection, "rejoined", {"record": records, "component": np.array(list(components.values()), np.int64)})
    connection.execute("DELETE FROM joined_records WHERE record IN (SELECT record FROM rejoined)")
    connection.execute("INSERT INTO joined_records FROM rejoined WHERE record <> component")
    details = [
        f"the profile would hold {link.would_hold} {kinds[link.kind]}, more than the maximum" for link in refused
    ]
    _store(
        connection,
        "refused",
        {
            "record": np.array([link.record for link in refused], np.int64),
            "key": [link.key for link in refused],
            "detail": details,
        },
    )
    connection.execute(statement("refuse"))
    return True


def _store(connection: duckdb.DuckDBPyConnection, table: str, columns: Mapping[str, object]) -> None:
    """Makes a temporary table of these columns."""
    connection.register("arriving", pa.table(columns))
    connection.execute(statement("store", table=table))
    connection.unregister("arriving")
