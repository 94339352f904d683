"""People with scores made by hand, under a mapping with the user fields that the project's own audiences use."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import yaml

from sf_elt.insight import SCORES, Audience
from sf_elt.warehouse import Warehouse
from sf_elt_tests.pages import ROOT
from sf_elt_tests.profiles.streams import NOW, build, lead, put, rule

RULES = [
    rule("salesforce_leads", "lead_status", "salesforce_lead_status"),
    rule("salesforce_leads", "lead_created_date", "salesforce_lead_created_date", "date", merge="min"),
    rule("salesforce_leads", "lead_created_date", "salesforce_contact_created_date", "date", merge="min"),
    rule("web_events", "occurred_at", "web_first_seen", "date", merge="min"),
]


def shipped_audiences() -> list[Audience]:
    """The audiences of the project's own YAML."""
    text = (ROOT / "sf_elt/defs/audiences/defs.yaml").read_text("utf-8")
    return [Audience(**each) for each in yaml.safe_load(text)["attributes"]["audiences"]]


def people_with_scores(
    warehouse: Warehouse, scores: Mapping[str, Mapping[str, int]], *, now: datetime = NOW, known_for_days: int = 400
) -> None:
    """One lead for each name, known for so many days, with these scores; without any, it has no behaviour."""
    created = (now - timedelta(days=known_for_days)).replace(tzinfo=None)
    leads = [lead(n, f"{name}@example.com", lead_created_date=created) for n, name in enumerate(scores)]
    put(warehouse, leads=leads, contacts=[], events=[])
    build(warehouse, *RULES)
    with warehouse.write() as connection:
        connection.execute("DELETE FROM insight.scores")
        for name, values in scores.items():
            if values:
                columns = ", ".join(SCORES)
                marks = ", ".join("?" for _ in SCORES)
                connection.execute(
                    f"INSERT INTO insight.scores (profile_id, {columns}, computed_at) "
                    f"SELECT profile_id, {marks}, now() FROM profiles.profiles WHERE email = ?",
                    [*(values.get(score) for score in SCORES), f"{name}@example.com"],
                )
