"""The audiences that the project ships hold whom their descriptions say."""

import pytest

from sf_elt.insight import refresh_audiences
from sf_elt.warehouse import Warehouse
from sf_elt_tests.insight.well_known import people_with_scores, shipped_audiences
from sf_elt_tests.profiles.streams import NOW, table

EVERYBODY = {
    "frequent": {"frequency": 66}, "not_quite_frequent": {"frequency": 65},
    "infrequent": {"frequency": 34}, "not_quite_infrequent": {"frequency": 35},
    "deep": {"intensity": 76}, "not_quite_deep": {"intensity": 75},
    "casual": {"intensity": 24}, "not_quite_casual": {"intensity": 25},
    "returning": {"propensity": 76}, "not_quite_returning": {"propensity": 75},
    "lost": {"propensity": 34}, "not_quite_lost": {"propensity": 35},
    "slowing": {"momentum": 10}, "slow": {"momentum": 30}, "stopped": {"momentum": 9}, "steady": {"momentum": 31},
    "binging": {"frequency": 20, "intensity": 50}, "perusing": {"frequency": 70, "intensity": 20},
    "silent": {"frequency": 5, "intensity": 0, "momentum": 0, "quantity": 3},
    "gone": {"quantity": 60, "recency": 10, "momentum": 0},
    "here": {"quantity": 60, "recency": 80, "momentum": 50, "frequency": 80, "intensity": 40},
    "leading": {"quantity": 60, "recency": 80, "momentum": 50, "frequency": 80, "intensity": 60},
    "unknown": {},
}  # fmt: skip

MEMBERS = {
    "Frequent visitors": {"frequent", "perusing", "here", "leading"},
    "Open to a call": set(),
    "Infrequent visitors": {"infrequent", "binging", "silent"},
    "Deeply engaged": {"deep"},
    "Casual visitors": {"casual", "perusing", "silent"},
    "Likely to re-engage": {"returning"},
    "Unlikely to re-engage": {"lost"},
    "At risk": {"slowing", "slow"},
    "Binge users": {"binging"},
    "Perusers": {"perusing"},
    "Disengaged": {"silent"},
    "Previously engaged": {"gone"},
    "Currently engaged": {"here"},
    "Highly engaged": {"leading"},
}


def members(warehouse: Warehouse) -> dict[str, set[str]]:
    refresh_audiences(warehouse, shipped_audiences(), now=NOW, run_id="test")
    names = {row["profile_id"]: row["email"].partition("@")[0] for row in table(warehouse, "profiles.profiles")}
    found: dict[str, set[str]] = {audience.name: set() for audience in shipped_audiences()}
    for row in table(warehouse, "insight.audience_members"):
        found[row["audience"]].add(names[row["profile_id"]])
    return found


def test_each_holds_whom_it_says(warehouse: Warehouse) -> None:
    """At their borders as they are known; a profile without behaviour is in none of those that ask for a score."""
    people_with_scores(warehouse, EVERYBODY)
    assert members(warehouse) == MEMBERS | {"New": set()}


@pytest.mark.parametrize(("days", "is_new"), [(6, True), (8, False)])
def test_new_ones_are_not_disengaged(warehouse: Warehouse, days: int, is_new: bool) -> None:
    """Within 7 days of becoming known; not everybody is new after a first import: what Salesforce says counts."""
    people_with_scores(warehouse, {"silent": EVERYBODY["silent"]}, known_for_days=days)
    found = members(warehouse)
    assert (found["New"], found["Disengaged"]) == (({"silent"}, set()) if is_new else (set(), {"silent"}))
