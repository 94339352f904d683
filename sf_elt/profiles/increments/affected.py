"""Which profiles what changed can touch, and the records that those are made from.

A profile is made anew with all rows of every group that is judged together with it: those whose identifiers a changed
row carries or carried, those that a link refused for what a group holds would join, and pairs by hand.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb

from sf_elt.profiles.identity.guards import Guards
from sf_elt.profiles.identity.joining import find_occurrences
from sf_elt.profiles.mapping.rules import FieldRule
from sf_elt.profiles.reading.rows import MappedStream, identifying, number_rows, records_of
from sf_elt.profiles.sql import delete, statement


@dataclass(frozen=True)
class Scope:
    """What a build makes anew: everything, or what the tables affected_groups, _identifiers and _records name.

    `streams` have the rows to be read for that.
    """

    streams: Sequence[MappedStream]
    everything: bool

    @property
    def profiles(self) -> str:
        """SQL for whether `profile_id` is made anew."""
        return "true" if self.everything else "profile_id IN (FROM affected_groups)"

    @property
    def identifiers(self) -> str:
        """SQL for whether `kind` and `value` are an identifier that is joined anew."""
        return "true" if self.everything else "(kind, value) IN (SELECT (kind, value) FROM affected_identifiers)"

    @property
    def records(self) -> str:
        """SQL for whether `stream` and `record_id` are a record that is read anew, with all its rows."""
        return (
            "true" if self.everything else "(stream, record_id) IN (SELECT (stream, record_id) FROM affected_records)"
        )

    @property
    def pairs(self) -> str:
        """SQL for whether a pair by hand is looked at anew."""
        other = "(other_kind, other_value) IN (SELECT (kind, value) FROM affected_identifiers)"
        return "true" if self.everything else f"{self.identifiers} OR {other}"


def affected_by_changes(
    connection: duckdb.DuckDBPyConnection,
    streams: Sequence[MappedStream],
    mapping: Sequence[FieldRule],
    guards: Guards,
    *,
    now: datetime,
) -> Scope:
    """What the temporary tables changed_rows and listed_pairs affect; pairs that it leaves alone leave listed_pairs."""
    number_rows(connection, [identifying(records_of(stream, "changed_rows")) for stream in streams])
    find_occurrences(connection, [identifying(stream) for stream in streams], mapping, guards)
    for name in ("changed_pairs", "group_refusals", "reached", "groups_asked", "ties"):
        connection.execute(statement(name))
    connection.execute(statement("affected_groups"), {"now": now})
    while connection.execute(statement("more_groups")).fetchall() != [(0,)]:
        pass
    connection.execute(statement("affected"))
    scope = Scope([records_of(stream, "affected_records") for stream in streams], everything=False)
    delete(connection, "listed_pairs", f"NOT ({scope.pairs})")
    return scope
