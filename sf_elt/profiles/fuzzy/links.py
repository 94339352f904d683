"""Fuzzy pairs as links: those that are probable enough, the least sure of all; and what made a profile's own."""

from dataclasses import dataclass

import duckdb

from sf_elt.profiles.sql import statement

FUZZY_LINKS = "fuzzy links"
"""What stands in the place of a stream where a link is fuzzy; no stream can have that name."""


@dataclass(frozen=True)
class Agreement:
    """How two records agree in a compared field. `weight` is in bits: one doubles the odds that they are one person."""

    field: str
    level: str
    weight: float


@dataclass(frozen=True)
class FuzzyLink:
    """Two records of a profile that share no identifier, how probable it is that they are one person, and why."""

    stream: str
    record_id: str
    other_stream: str
    other_record_id: str
    probability: float
    agreement: tuple[Agreement, ...]


def list_fuzzy(connection: duckdb.DuckDBPyConnection, threshold: float) -> None:
    """Adds the pairs of profiles.fuzzy_pairs from the threshold on to the temporary table listed_pairs, as `fuzzy`."""
    connection.execute(statement("listed_fuzzy"), {"threshold": threshold})


def fuzzy_of_profile(connection: duckdb.DuckDBPyConnection) -> tuple[FuzzyLink, ...]:
    """The fuzzy links of the profile whose links the temporary table profile_links has."""
    if connection.execute("SELECT count(*) FROM profile_links WHERE via = 'fuzzy'").fetchall() == [(0,)]:
        return ()
    pairs = connection.execute(statement("fuzzy_of_profile")).fetchall()
    return tuple(
        FuzzyLink(
            stream, record_id, other_stream, other_id, probability, tuple(Agreement(**each) for each in agreement)
        )
        for stream, record_id, other_stream, other_id, probability, agreement in pairs
    )
