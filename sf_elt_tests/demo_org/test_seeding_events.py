"""The seeded web events: whose they are, how people behave, and the lines that are broken on purpose."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sf_elt.demo_org.schema import load_schema
from sf_elt.demo_org.seeding import seed_tables
from sf_elt.demo_org.seeding.events import BAD_LINES, KIOSK, TYPES, EventsWritten, write_events, write_sample
from sf_elt.demo_org.seeding.site import TOPICS

NOW = datetime(2026, 11, 21, 15, 30, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 21, tzinfo=UTC)
SAMPLE = Path(__file__).parents[2] / "data" / "samples" / "web_events_sample.jsonl"


@dataclass(frozen=True)
class Read:
    events: list[dict]
    bad: list[bytes]


def read(*files: Path) -> Read:
    """What a careful reader makes of the files: good events, and the lines that are none."""
    events, bad = [], []
    for file in files:
        for line in file.read_bytes().splitlines():
            try:
                event = json.loads(line)
                event["when"] = datetime.fromisoformat(event["occurred_at"])
                events.append(event)
            except (ValueError, KeyError, TypeError):
                bad.append(line)
    return Read(events, bad)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> EventsWritten:
    return write_events(tmp_path_factory.mktemp("events"), seed=7, records=5_000, now=NOW)


@pytest.fixture(scope="module")
def found(written: EventsWritten) -> Read:
    return read(*written.files)


def test_the_counts_are_what_the_files_hold(written: EventsWritten, found: Read) -> None:
    """40,000 to 60,000 lines at the default size; exactly the listed bad lines are unreadable."""
    assert 40_000 < written.lines < 60_000
    assert len(found.events) + len(found.bad) == written.lines
    assert sorted(found.bad) == sorted(BAD_LINES)
    assert written.bad_lines == len(BAD_LINES)


def test_each_month_has_its_file(written: EventsWritten) -> None:
    """Two years are 25 calendar months, and every good event lies in the file of its month, in order of time."""
    assert len(written.files) == 25
    for file in written.files:
        moments = [event["when"] for event in read(file).events]
        assert {f"web_events_{moment.astimezone(UTC):%Y-%m}.jsonl" for moment in moments} == {file.name}
        assert moments == sorted(moments)


def test_nothing_is_in_the_future_or_twice(found: Read) -> None:
    """All events lie in the two years before midnight, and their ids differ."""
    moments = [event["when"] for event in found.events]
    assert MIDNIGHT - timedelta(days=730) <= min(moments)
    assert MIDNIGHT - timedelta(days=1) < max(moments) < MIDNIGHT
    assert len({event["event_id"] for event in found.events}) == len(found.events)


def test_every_event_says_what_who_and_about_what(found: Read) -> None:
    """Known types and topics; an email or a cookie; identify and form events have both."""
    assert {event["type"] for event in found.events} == set(TYPES)
    assert {topic for event in found.events for topic in event["topics"]} == set(TOPICS)
    for event in found.events:
        assert "email" in event or "anonymous_id" in event
        assert event["url"].startswith("https://")
        assert event["title"]
        assert isinstance(event["properties"], dict)
        if event["type"] in ("identify", "form"):
            assert {"email", "anonymous_id"} <= event.keys()


def test_the_first_topics_are_picklist_values() -> None:
    """Interests__c can take the affinities to the topics that the org's schema lists."""
    field = load_schema().require("Lead").field("Interests__c")
    assert field is not None
    assert set(field.picklist) <= set(TOPICS)


def test_most_named_visitors_are_people_of_the_org(found: Read) -> None:
    """Nine of ten emails stand in a lead or contact of the same seed; some visitors the org does not know."""
    ours = {
        email.strip().lower()
        for name, rows in seed_tables(seed=7, records=5_000, now=NOW)
        if name in ("Lead", "Contact")
        for email in rows["Email"].drop_null().to_pylist()
    }
    seen = {event["email"].strip().lower() for event in found.events if "email" in event}
    assert 0.8 < len(seen & ours) / len(seen) < 0.99
    assert len(seen & ours) > 800


def test_emails_come_as_people_type_them(found: Read) -> None:
    """Hundreds of emails have capitals, dozens have white space around."""
    emails = [event["email"] for event in found.events if "email" in event]
    assert sum(email != email.lower() for email in emails) > 200
    assert sum(email != email.strip() for email in emails) > 50


def test_people_behave_in_their_ways(found: Read) -> None:
    """There are regulars on 60 days and more, bingers, dormant and newly active people, and one-off cookies."""
    who = {e["anonymous_id"]: e["email"].strip().lower() for e in found.events if e["type"] == "identify"}
    by_person = defaultdict(list)
    for event in found.events:
        email = event.get("email", who.get(event.get("anonymous_id"), "")).strip().lower()
        by_person[email or event["anonymous_id"]].append(event["when"])
    named = {person: moments for person, moments in by_person.items() if "@" in person}
    busiest_day = {person: max(Counter(m.date() for m in moments).values()) for person, moments in named.items()}
    assert sum(len({m.date() for m in moments}) >= 60 for moments in named.values()) >= 10
    assert sum(count >= 18 for count in busiest_day.values()) >= 40
    assert sum(max(moments) < MIDNIGHT - timedelta(days=190) for moments in named.values() if len(moments) > 3) >= 400
    assert sum(min(moments) > MIDNIGHT - timedelta(days=15) for moments in named.values()) >= 60
    assert sum(len(moments) <= 3 for person, moments in by_person.items() if "@" not in person) >= 1_500


def test_one_cookie_names_many_people(found: Read) -> None:
    """The tablet in the lobby identifies a dozen people and more: a trap for whoever joins by cookie."""
    named = {event["email"].strip().lower() for event in found.events if event.get("anonymous_id") == KIOSK}
    assert len(named) >= 12


def test_the_same_day_gives_the_same_bytes(tmp_path: Path) -> None:
    """Seed, records and the day of `now` decide every byte; another seed gives others."""
    runs = {
        name: write_events(tmp_path / name, seed=seed, records=100, now=now)
        for name, seed, now in (("a", 7, NOW), ("b", 7, NOW + timedelta(hours=8)), ("c", 8, NOW))
    }
    texts = {name: [file.read_bytes() for file in run.files] for name, run in runs.items()}
    assert texts["a"] == texts["b"]
    assert texts["a"] != texts["c"]


def test_a_small_org_has_its_bad_lines_too(tmp_path: Path) -> None:
    """The smallest size keeps the count of bad lines."""
    small = write_events(tmp_path, seed=3, records=50, now=NOW)
    assert sorted(read(*small.files).bad) == sorted(BAD_LINES)


def test_the_committed_sample_is_small_and_typical() -> None:
    """data/samples holds under 200 kB, three bad lines, and events with emails, cookies and several types."""
    sample = read(SAMPLE)
    assert SAMPLE.stat().st_size < 200_000
    assert len(sample.bad) == 3
    assert len({event["type"] for event in sample.events}) >= 6
    assert sum("email" in event for event in sample.events) >= 20


def test_a_sample_is_written_as_asked(tmp_path: Path) -> None:
    """write_sample reports the lines that its file holds."""
    report = write_sample(tmp_path / "sample.jsonl", seed=7, records=100, now=NOW, lines=40)
    sample = read(*report.files)
    assert (len(sample.events) + len(sample.bad), len(sample.bad)) == (report.lines, report.bad_lines) == (43, 3)
