"""Which rows belong to one person: connected components over the identifiers that rows share.

SQL links each record to the smallest record that shares one of its identifiers; scipy finds the components of those
links; a component that holds more identifiers than a profile may, or two that are kept apart by hand, is joined anew,
link by link, refusing what may not be.
"""

from collections.abc import Mapping, Sequence

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sf_elt.profiles.fuzzy.links import list_fuzzy
from sf_elt.profiles.identity.guards import Guards, refusing_rules, set_up_guards
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
    everything: bool,
) -> None:
    """Fills the temporary tables occurrences, refused_occurrences, shared_keys and joined_records.

    joined_records has record → component for the records that are not themselves their component, which is the
    smallest record number in it. The streams have `records` rows; each link by hand counts as one more. Unless
    `everything` says so, only the identifiers of the table affected_identifiers are joined: a record that was read for
    one of its rows has others, of other people.
    """
    kinds = identifier_kinds(mapping)
    find_occurrences(connection, streams, mapping, guards)
    if not everything:
        affected = "SELECT (kind_number, value) FROM affected_identifiers JOIN kinds USING (kind)"
        delete(connection, "occurrences", f"(kind_number, value) NOT IN ({affected})")
    ((pairs,),) = connection.execute("SELECT coalesce(max(number) + 1, 0) FROM listed_pairs").fetchall()
    if pairs:
        join_pairs(connection, stream_number=len(streams), offset=records)
    connection.execute(statement("shared_keys"))
    edges = connection.execute(statement("edges")).fetchnumpy()
    joined, components = smallest_connected(
        np.asarray(edges["record"]), np.asarray(edges["first_record"]), records + pairs
    )
    store(connection, "joined_records", {"record": joined, "component": components})
    apart = kept_apart(connection)
    _list_maxima(connection, streams, kinds, guards.max_per_kind, by_hand=bool(pairs))
    if (guards.max_per_kind or apart) and _divide(connection, kinds, guards.max_per_kind, apart):
        connection.execute(statement("shared_keys"))


def set_up_identity(
    connection: duckdb.DuckDBPyConnection,
    mapping: Sequence[FieldRule],
    guards: Guards,
    lists: ManualLists,
    fuzzy_threshold: float | None,
) -> None:
    """Makes the guards' macros and the temporary tables kinds and listed_pairs: pairs by hand, and fuzzy links.

    Without a threshold there are no fuzzy links, and the pairs that were found for them are deleted.
    """
    set_up_guards(connection, mapping, guards)
    list_pairs(connection, lists, mapping, guards)
    if fuzzy_threshold is not None:
        list_fuzzy(connection, fuzzy_threshold)
    else:
        connection.execute("DELETE FROM profiles.fuzzy_pairs")


def find_occurrences(
    connection: duckdb.DuckDBPyConnection,
    streams: Sequence[MappedStream],
    mapping: Sequence[FieldRule],
    guards: Guards,
) -> None:
    """Makes the temporary tables occurrences, what the numbered rows of the streams carry, and refused_occurrences."""
    candidates = identifier_candidates(streams, identifier_kinds(mapping))
    connection.execute(statement("occurrences", candidates=candidates, rule=refusing_rules("value", mapping, guards)))
    connection.execute(statement("refused_occurrences"))


def smallest_connected(
    left: NDArray[np.int64], right: NDArray[np.int64], records: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Of the records 0, 1, … those that edges left–right connect with a smaller one, and the smallest such one."""
    from scipy.sparse import coo_array  # a quarter of a second that only a build needs
    from scipy.sparse.csgraph import connected_components

    numbers = np.arange(records)
    graph = coo_array((np.ones(len(left), np.int32), (left, right)), shape=(records, records))
    count, labels = connected_components(graph.tocsr(), directed=False)
    first = np.empty(count, numbers.dtype)
    first[labels[::-1]] = numbers[::-1]  # of several, numpy keeps the last
    smallest = first[labels]
    joined = numbers != smallest
    return numbers[joined], smallest[joined]


def _list_maxima(
    connection: duckdb.DuckDBPyConnection,
    streams: Sequence[MappedStream],
    kinds: Sequence[str],
    maxima: Mapping[str, int],
    *,
    by_hand: bool,
) -> None:
    """Makes the temporary table maxima (kind_number, maximum, least_rows): with fewer rows nobody exceeds a maximum."""
    columns = {
        "kind_number": pa.array([kinds.index(kind) for kind in maxima], pa.uint16()),
        "maximum": pa.array(maxima.values(), pa.int64()),
        "least_rows": pa.array(
            [_least_rows(streams, kind, maximum, by_hand) for kind, maximum in maxima.items()], pa.int64()
        ),
    }
    store(connection, "maxima", columns)


def _least_rows(streams: Sequence[MappedStream], kind: str, maximum: int, by_hand: bool) -> int:
    """How many rows those have at least that hold more identifiers of the kind than the maximum."""
    in_a_row = [2 if by_hand else 1]
    for stream in streams:
        said = [number for number, rule in enumerate(stream.rules) if rule.identifier and rule.user_field == kind]
        if any(stream.gives_lists(number) for number in said):
            return 1
        in_a_row.append(len(said) + sum(target.user_field == kind for _, target in stream.links))
    return maximum // max(in_a_row) + 1


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
