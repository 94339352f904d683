"""The demo company's web site: what there is to read, download and fill in, and what it is about."""

from __future__ import annotations

from dataclasses import dataclass

import orjson
import pyarrow as pa

TOPICS: tuple[str, ...] = (
    "Analytics",
    "Automation",
    "Compliance",
    "Data",
    "Email",
    "Events",
    "Integration",
    "Mobile",
    "Pricing",
    "Security",
    "Accessibility",
    "AI",
    "APIs",
    "Attribution",
    "Branding",
    "Customer Success",
    "Data Quality",
    "E-Commerce",
    "Forecasting",
    "Onboarding",
    "Personalization",
    "Privacy",
    "Reporting",
    "SEO",
    "Social Media",
)
"""The first ten are also values of the Interests__c picklists."""

_KINDS: tuple[tuple[str, str], ...] = (
    ("guide", "A guide to {}"),
    ("case-study", "How Łódź Logistics “tamed” {}"),
    ("webinar", "Webinar 🎥: {} in 30 minutes"),
    ("checklist", 'The "no regrets" {} checklist'),
    ("news", "{}: what is new\u2028and what is not"),
)
PAGES_A_TOPIC = len(_KINDS)


@dataclass(frozen=True)
class Site:
    """Pages as JSON texts, ready to be put into lines: page `topic * PAGES_A_TOPIC + kind`."""

    url: pa.Array
    title: pa.Array
    topics: pa.Array


def build_site() -> Site:
    """Each page is about its topic; every second one also about the topic after the next."""
    url, title, topics = [], [], []
    for number, topic in enumerate(TOPICS):
        slug = topic.lower().replace(" ", "-")
        related = TOPICS[(number + 2) % len(TOPICS)]
        for kind, (path, headline) in enumerate(_KINDS):
            url.append(_json(f"https://www.demo-org.example/{slug}/{path}"))
            title.append(_json(headline.format(topic)))
            topics.append(_json([topic, related] if kind % 2 else [topic]))
    return Site(pa.array(url), pa.array(title), pa.array(topics))


def _json(value: str | list[str]) -> str:
    return orjson.dumps(value).decode()
