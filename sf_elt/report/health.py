"""How sound the profiles are: what holds them together, what was refused, what could not be read."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from sf_elt.profiles.history import IdentifiersHeld, identifiers_held
from sf_elt.report.asking import Asked, Row

STEPS = (("1", 1, 1), ("2", 2, 2), ("3", 3, 3), ("4", 4, 4), ("5–9", 5, 9), ("10 or more", 10, None))
"""Profiles are counted by so many identifiers."""


@dataclass(frozen=True)
class RefusedLinks:
    """Links that one rule refused for one kind of identifier."""

    rule: str
    kind: str
    links: int


@dataclass(frozen=True)
class SetAside:
    """Lines of event files that could not be read, for one reason, without their contents."""

    stream: str
    reason: str
    rows: int
    this_week: int
    latest_at: datetime


@dataclass(frozen=True)
class DroppedField:
    """A field that the org has dropped, or hidden, in the last 30 days."""

    stream: str
    field: str
    seen_at: datetime


@dataclass(frozen=True)
class Health:
    """Of all profiles. `merged` ones live on in an older profile; pairs are those that people decided by hand."""

    by_identifiers: tuple[tuple[str, int], ...]
    kinds: tuple[IdentifiersHeld, ...]
    refused: tuple[RefusedLinks, ...]
    set_aside: tuple[SetAside, ...]
    dropped: tuple[DroppedField, ...]
    merged: int
    merged_week: int
    merged_month: int
    linked_by_hand: int
    kept_apart_by_hand: int
    pending_by_hand: int

    @property
    def links_refused(self) -> int:
        return sum(each.links for each in self.refused)

    @property
    def rows_set_aside(self) -> int:
        return sum(each.rows for each in self.set_aside)

    @property
    def rows_set_aside_this_week(self) -> int:
        return sum(each.this_week for each in self.set_aside)


def read_health(asked: Asked) -> Health:
    """What stands now."""
    (joined,) = asked.rows("joined_by")
    return Health(
        tuple(_steps(asked.rows("identifiers_a_profile"))),
        tuple(identifiers_held(asked.connection)),
        tuple(RefusedLinks(*row) for row in asked.rows("refused_links")),
        tuple(SetAside(*row) for row in asked.rows("set_aside")),
        tuple(DroppedField(*row) for row in asked.rows("dropped_fields")),
        *joined,
    )


def _steps(held: Iterable[Row]) -> Iterator[tuple[str, int]]:
    """The steps with their profiles, from (identifiers, profiles)."""
    counted = list(held)
    for name, first, last in STEPS:
        yield name, sum(profiles for identifiers, profiles in counted if first <= identifiers <= (last or identifiers))
