"""What a pass has moved, read from the warehouse: rows, scores and topics, members of audiences, records of the org."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files

from sf_elt.insight import SCORES
from sf_elt.warehouse import Warehouse, naive, quote_table

SENT = files("sf_elt.demo").joinpath("sent.sql").read_text("utf-8")
AUDIENCE_MOVES = files("sf_elt.demo").joinpath("audience_moves.sql").read_text("utf-8")

Scores = Mapping[str, tuple[int | str | None, ...]]
"""Profile id → its scores and its topics of most interest."""


@dataclass(frozen=True)
class Sent:
    """One record that the org confirmed to have changed for us."""

    export: str
    record_id: str
    profile_id: str


@dataclass(frozen=True)
class AudienceMove:
    """A profile that entered or left an audience, and whether the profile itself had changed, or gone."""

    profile_id: str
    profile_changed: bool


def sent_by(warehouse: Warehouse, run_ids: Sequence[str]) -> list[Sent]:
    """The records that the org has taken from these runs; those that held the values already are not among them."""
    with warehouse.read() as connection:
        rows = connection.execute(SENT, {"runs": list(run_ids)}).fetchall()
    return [Sent(str(export), str(record), str(profile)) for export, record, profile in rows]


def audience_moves(warehouse: Warehouse, since: datetime) -> list[AudienceMove]:
    """The profiles that have entered or left an audience since then."""
    with warehouse.read() as connection:
        rows = connection.execute(AUDIENCE_MOVES, {"since": naive(since)}).fetchall()
    return [AudienceMove(str(profile), bool(changed)) for profile, changed in rows]


def scores_standing(warehouse: Warehouse) -> Scores:
    """The scores and topics as they stand now; none before the first pass.

    It opens the warehouse to write, which brings the tables of one that an older version left behind up to date.
    """
    with warehouse.write() as connection:
        everybody = connection.sql("FROM insight.scores FULL JOIN insight.interests USING (profile_id)")
        rows = everybody.select("profile_id", *SCORES, "top_topics").fetchall()
    return {str(profile): tuple(scores) for profile, *scores in rows}


def ids_moved(warehouse: Warehouse, stream: str, since: datetime) -> set[str]:
    """Ids of the rows that came into the stream since then; rows that were only read again are not among them."""
    with warehouse.read() as connection:
        rows = connection.execute(
            f'SELECT "Id" FROM {quote_table("streams", stream)} WHERE _loaded_at >= ?',  # noqa: S608  a quoted name
            [naive(since)],
        ).fetchall()
    return {str(record_id) for (record_id,) in rows}
