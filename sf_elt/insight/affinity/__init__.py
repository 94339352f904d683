"""Content affinity: how much each profile is interested in which topic, 0 to 1. Formula: docs/affinity.md."""

from sf_elt.insight.affinity.computing import INTERESTS, AffinitiesReport, AffinitySpec, TopicVisits, compute_affinities

__all__ = ["INTERESTS", "AffinitiesReport", "AffinitySpec", "TopicVisits", "compute_affinities"]
