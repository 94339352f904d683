"""Who would be in the audiences now, and what an evaluation would change, without writing anything."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import duckdb

from sf_elt.insight.audiences import Audience
from sf_elt.insight.evaluating import evaluate, run_sql
from sf_elt.insight.samples import sample_members
from sf_elt.insight.unread import unread_topics
from sf_elt.profiles.samples import Sample
from sf_elt.warehouse import Warehouse

Change = Literal["new", "changed", "same"]


@dataclass(frozen=True)
class Overlap:
    """How many of an audience's members are in another one too; `share` is of the members, 0 to 1."""

    audience: str
    both: int
    share: float


@dataclass(frozen=True)
class AudiencePreview:
    """One audience as it would be. `share` is of all profiles, 0 to 1.

    `definition` says whether its definition is new, changed or the same since the last evaluation. `entering` and
    `leaving` say how many would, by the reason that would be recorded: person, definition, profile gone. `notes` are
    sentences about topics in its condition to which nobody has an affinity.
    """

    audience: str
    description: str
    condition: str
    definition: Change
    size: int
    share: float
    entering: Mapping[str, int]
    leaving: Mapping[str, int]
    overlaps: tuple[Overlap, ...]
    sample: Sample
    notes: tuple[str, ...]


@dataclass(frozen=True)
class AudiencesPreview:
    """The audiences that were asked for, in their order, of `profiles` profiles at `now`.

    `no_longer_defined` has those with members that are not among the audiences any more: they would lose so many.
    """

    now: datetime
    profiles: int
    audiences: tuple[AudiencePreview, ...]
    no_longer_defined: Mapping[str, int]


def preview_audiences(
    warehouse: Warehouse,
    audiences: Sequence[Audience],
    *,
    now: datetime,
    names: Collection[str] = (),
    sample: int = 5,
) -> AudiencesPreview:
    """What refresh_audiences would make of these audiences at `now` (an aware time). Nothing is written.

    `names` picks those to show, all where it is empty; all are evaluated, for overlaps and references. `sample` is how
    many members of each are shown, without personal data. Raises what refresh_audiences raises, and WarehouseEmpty.
    """
    with warehouse.read() as connection:
        definitions = evaluate(connection, audiences, now=now)
        notes = unread_topics(connection, definitions.values())
        (profiles,) = connection.execute("SELECT count(*) FROM profiles.profiles").fetchall()[0]
        shown = [each for each in audiences if not names or each.name in names]
        sizes = _counts(connection, "SELECT audience, count(*) FROM current_members GROUP BY audience")
        overlaps = _overlaps(connection, [each.name for each in shown], sizes)
        changes = dict(connection.execute("SELECT audience, change FROM defined").fetchall())
        entering, leaving = _moves(connection, enters=True), _moves(connection, enters=False)
        previews = tuple(
            AudiencePreview(
                audience=each.name,
                description=each.description,
                condition=each.condition,
                definition=changes[each.name],
                size=sizes.get(each.name, 0),
                share=_share(sizes.get(each.name, 0), profiles),
                entering=entering.get(each.name, {}),
                leaving=leaving.get(each.name, {}),
                overlaps=tuple(overlaps.get(each.name, ())),
                sample=sample_members(connection, definitions[each.name].condition, each.name, sample),
                notes=tuple(notes.get(each.name, ())),
            )
            for each in shown
        )
        lost = {name: sum(why.values()) for name, why in leaving.items() if name not in definitions}
    return AudiencesPreview(now, profiles, previews, lost)


def _counts(connection: duckdb.DuckDBPyConnection, sql: str) -> dict[str, int]:
    return {str(name): int(count) for name, count in connection.execute(sql).fetchall()}


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _overlaps(
    connection: duckdb.DuckDBPyConnection, names: Sequence[str], sizes: Mapping[str, int]
) -> dict[str, list[Overlap]]:
    """Audience → its overlaps, the largest first."""
    found: dict[str, list[Overlap]] = {}
    for name, other, both in run_sql(connection, "overlaps", {"audiences": list(names)}).fetchall():
        found.setdefault(name, []).append(Overlap(other, both, _share(both, sizes[name])))
    for each in found.values():
        each.sort(key=lambda overlap: (-overlap.both, overlap.audience))
    return found


def _moves(connection: duckdb.DuckDBPyConnection, *, enters: bool) -> dict[str, dict[str, int]]:
    """Audience → why → how many."""
    rows = connection.execute(
        "SELECT audience, because, count(*) FROM moves WHERE enters = ? GROUP BY ALL ORDER BY ALL", [enters]
    ).fetchall()
    moved: dict[str, dict[str, int]] = {}
    for audience, because, count in rows:
        moved.setdefault(audience, {})[because] = count
    return moved
