"""What stands in the profiles: how many there were over time, and which identifiers they hold."""

from dataclasses import dataclass
from datetime import datetime

from sf_elt.profiles.sql import statement
from sf_elt.warehouse.over_time import Connection, Span, over_time


@dataclass(frozen=True)
class IdentifiersHeld:
    """Of one kind of identifiers: how many there are, how many profiles hold any, and how many of those several."""

    kind: str
    identifiers: int
    profiles: int
    with_several: int


def profiles_over_time(connection: Connection, *, now: datetime) -> list[Span]:
    """When the profiles of today were made."""
    return over_time(connection, statement("moves_of_profiles"), now=now)


def identifiers_held(connection: Connection) -> list[IdentifiersHeld]:
    """Kinds in the order of how many profiles hold them."""
    return [IdentifiersHeld(*row) for row in connection.execute(statement("identifiers_held")).fetchall()]
