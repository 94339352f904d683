"""What is known of one profile: its scores, its audiences and its topics, as last computed."""

from dataclasses import dataclass
from datetime import datetime

from sf_elt.insight.scores import SCORES
from sf_elt.warehouse import Warehouse


@dataclass(frozen=True)
class Stay:
    """A stay in an audience; `left_at` is none while it lasts."""

    audience: str
    entered_at: datetime
    left_at: datetime | None


@dataclass(frozen=True)
class InsightOfProfile:
    """Scores of 0 to 100 (none where there is none), stays with the newest first, and topics with an affinity 0–1."""

    scores: dict[str, int | None]
    stays: tuple[Stay, ...]
    affinities: dict[str, float]


def insight_of_profile(warehouse: Warehouse, profile_id: str) -> InsightOfProfile:
    """What was last computed of the profile; a profile without behaviour has no scores at all."""
    with warehouse.read() as connection:
        found = connection.execute("FROM insight.scores WHERE profile_id = ?", [profile_id])
        names = [column[0] for column in found.description or ()]
        scored = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
        stays = connection.execute(
            """
            SELECT audience, entered_at, left_at FROM insight.audience_members WHERE profile_id = ?
            ORDER BY left_at DESC NULLS FIRST, entered_at DESC, audience
            """,
            [profile_id],
        ).fetchall()
        topics = connection.execute(
            "SELECT topic, affinity FROM insight.affinities WHERE profile_id = ? ORDER BY affinity DESC, topic",
            [profile_id],
        ).fetchall()
    return InsightOfProfile(
        scores={name: scored[0][name] for name in SCORES} if scored else {},
        stays=tuple(Stay(*stay) for stay in stays),
        affinities=dict(topics),
    )
