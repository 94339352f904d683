"""Insight: what profiles' behaviour and fields say. Scores of behaviour, interest in topics, audiences of members.

    score_behaviour(warehouse, ScoreSpec(streams=("web_events",)), now=now, run_id=run_id)
    compute_affinities(warehouse, AffinitySpec(half_life_days=90), now=now, run_id=run_id)
    loyal = Audience(name="Loyal", description="Comes often.", condition="frequency > 65 and recency > 50")
    preview_audiences(warehouse, [loyal], now=now).audiences[0].size       # writes nothing
    report = refresh_audiences(warehouse, [loyal], now=now, run_id=run_id)

They write insight.scores, insight.affinities and insight.interests, insight.audiences and insight.audience_members.

Errors:

    InsightError
    ├── ProfilesMissing     profiles have not been built yet
    ├── WarehouseOutdated   an earlier version wrote the warehouse last; a preview, which only reads, needs this one's
    ├── UnknownName         there is no audience, or no user field, of that name
    ├── StreamsRefused      a stream of events does not exist, and another one is called nearly the same
    └── AudiencesRefused    audiences are not well defined; `problems` says how, nothing was written
"""

from sf_elt.insight.affinity import INTERESTS, AffinitiesReport, AffinitySpec, compute_affinities
from sf_elt.insight.audiences import Audience
from sf_elt.insight.definitions import AudienceFault, check_audiences
from sf_elt.insight.errors import (
    AudiencesRefused,
    InsightError,
    ProfilesMissing,
    StreamsRefused,
    UnknownName,
    WarehouseOutdated,
)
from sf_elt.insight.history import ReadTopic, ScoreSpread, audiences_over_time, most_read_topics, spread_of_scores
from sf_elt.insight.known_by import members_known_by
from sf_elt.insight.membership import AudienceChange, AudiencesReport, refresh_audiences
from sf_elt.insight.previewing import AudiencePreview, AudiencesPreview, Overlap, preview_audiences
from sf_elt.insight.samples import KNOWN_BY
from sf_elt.insight.scores import MEANINGS, SCORES, ScoreSpec, ScoresReport, score_behaviour
from sf_elt.insight.standing import MONTH, WEEK, Moves, Size, StandingAudience, standing_audiences
from sf_elt.insight.subjects import subject_types
from sf_elt.profiles.samples import Sample

__all__ = [
    "INTERESTS",
    "KNOWN_BY",
    "MEANINGS",
    "MONTH",
    "SCORES",
    "WEEK",
    "AffinitiesReport",
    "AffinitySpec",
    "Audience",
    "AudienceChange",
    "AudienceFault",
    "AudiencePreview",
    "AudiencesPreview",
    "AudiencesRefused",
    "AudiencesReport",
    "InsightError",
    "Moves",
    "Overlap",
    "ProfilesMissing",
    "ReadTopic",
    "Sample",
    "ScoreSpec",
    "ScoreSpread",
    "ScoresReport",
    "Size",
    "StandingAudience",
    "StreamsRefused",
    "UnknownName",
    "WarehouseOutdated",
    "audiences_over_time",
    "check_audiences",
    "compute_affinities",
    "members_known_by",
    "most_read_topics",
    "preview_audiences",
    "refresh_audiences",
    "score_behaviour",
    "spread_of_scores",
    "standing_audiences",
    "subject_types",
]
