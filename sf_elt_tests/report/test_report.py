"""The report of a warehouse whose every figure is known: what it says, and that it is fit to be handed on."""

import os
import re
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from importlib.resources import files
from itertools import pairwise
from pathlib import Path

import pytest

from sf_elt.insight import MEANINGS, SCORES, Moves, WarehouseOutdated
from sf_elt.report import Report, read_report, render, write_page
from sf_elt.report.words import code, duration, every, moment, percent
from sf_elt.warehouse import Warehouse, WarehouseEmpty
from sf_elt_tests.report.reader import Page
from sf_elt_tests.report.standing import HOSTILE, PERSONAL, TOPIC, fill

NOW = datetime(2026, 11, 22, 12, tzinfo=timezone(timedelta(hours=1), "CET"))
PARTS = ["attention", "audiences", "scores", "topics", "health", "exports", "imports"]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    warehouse = Warehouse(tmp_path_factory.mktemp("report") / "warehouse")
    fill(warehouse, NOW)
    return read_report(warehouse, NOW)


@pytest.fixture(scope="module")
def html(report: Report) -> str:
    return render(report)


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page.of(html)


def test_people_and_imports_are_counted(report: Report) -> None:
    """An empty email is none; deleted records do not count; the usual gap is the median of the readings' gaps."""
    people, (leads, events) = report.people, report.imports
    assert people is not None
    assert (people.profiles, people.with_email, people.new_this_week) == (10, 6, 2)
    assert (leads.stream, leads.rows, leads.usual_gap) == ("salesforce_leads", 2, timedelta(hours=1))
    assert (leads.read_at, leads.read_at.tzname(), leads.age) == (NOW, "CET", timedelta(0))
    assert (events.holds_events, events.rows, events.age) == (True, 1, timedelta(hours=6))
    assert events.newest == NOW - timedelta(hours=12)


def test_moves_of_people_and_of_definitions_are_told_apart(report: Report) -> None:
    """Those of 7 and of 30 days; a profile that is gone has left, and a former audience is not in the report."""
    hostile, loyal, nobody = report.audiences
    assert (hostile.name, hostile.week, hostile.month) == (HOSTILE, Moves(1, 1, 0, 1), Moves(3, 2, 0, 1))
    assert (loyal.name, loyal.week, loyal.share) == ("Loyal", Moves(0, 0, 3, 0), 0.3)
    assert (nobody.members, nobody.month, nobody.sizes) == (0, Moves(0, 0, 0, 0), ())


def test_sizes_are_those_of_each_day(report: Report) -> None:
    """Every day from the first stay on; the last is as large as the audience is."""
    sizes = report.audiences[0].sizes
    assert len(sizes) == 41
    assert [sizes[-1 - days].members for days in (40, 21, 20, 16, 15, 10, 6, 5, 3, 2, 0)] == [
        4, 4, 5, 5, 4, 5, 4, 3, 3, 4, 4,
    ]  # fmt: skip
    assert (sizes[-1].at, sizes[0].at) == (NOW, NOW - timedelta(days=40))
    assert [size.members for size in report.audiences[1].sizes] == [3]
    for each in report.audiences:
        for days, moves in ((7, each.week), (30, each.month)):
            entered, left = (sum(getattr(size, what) for size in each.sizes[-days:]) for what in ("entered", "left"))
            assert (entered, left) == (moves.entered, moves.left)


def test_overlap_is_of_members_now(report: Report) -> None:
    """Two of the four are among the three; who has left counts no more, and an empty audience is left out."""
    assert report.overlaps is not None
    assert report.overlaps.audiences == (HOSTILE, "Loyal")
    assert report.overlaps.both == ((4, 2), (2, 3))
    assert report.overlaps.share(0, 1) == 0.5


def test_scores_and_topics_are_spread(report: Report) -> None:
    """100 is in the last tenth; a topic counts for those who have it among their three."""
    assert report.scores is not None
    assert report.topics is not None
    by_score = {each.score: each for each in report.scores.spreads}
    assert list(by_score) == list(SCORES) == list(MEANINGS)
    assert by_score["quantity"].tenths == (2, 1, 0, 0, 0, 0, 0, 0, 0, 1)
    assert (by_score["quantity"].median, by_score["propensity"].people) == (9, 0)
    assert [(each.topic, each.people, each.most_interested, each.visits) for each in report.topics.top[:2]] == [
        ("Pricing", 2, 2, 6),
        (TOPIC, 2, 1, 6),
    ]


def test_write_backs_count_the_last_attempt_of_the_last_run(report: Report) -> None:
    """A record that came through at the second attempt is written; an older plan's and the org's words are nowhere."""
    contacts, leads = report.exports
    assert (contacts.status, contacts.waiting, contacts.in_doubt, contacts.last_sent_at) == ("paused", 2, 1, None)
    assert (leads.planned, leads.sent, leads.held_already, leads.refused, leads.set_aside) == (3, 1, 1, 1, 1)
    assert {(each.status, each.code): each.records for each in leads.not_written} == {
        ("failed", "FIELD_CUSTOM_VALIDATION_EXCEPTION"): 1,
        ("set aside", "LEAD_CONVERTED"): 1,
    }


def test_health_counts_what_stands(report: Report) -> None:
    """Profiles by their identifiers, merges by age, lines set aside by the kind of reason, a field that came back."""
    health = report.health
    assert health is not None
    assert dict(health.by_identifiers) == {"1": 4, "2": 6, "3": 0, "4": 0, "5–9": 0, "10 or more": 0}
    assert (health.merged, health.merged_month, health.merged_week) == (3, 2, 1)
    assert (health.linked_by_hand, health.kept_apart_by_hand, health.pending_by_hand) == (1, 1, 1)
    assert {(each.reason, each.this_week) for each in health.set_aside} == {
        ("occurred_at is no time", 1),
        ("not valid JSON", 0),
    }
    assert [each.field for each in health.dropped] == ["Gone__c"]


def test_no_personal_data_is_in_it(html: str) -> None:
    """Neither identifiers nor Ids of people, nor what quotes them: the org's words, reasons, files, details."""
    assert [each for each in PERSONAL if each in html] == []


def test_names_are_shown_as_they_are_written(page: Page) -> None:
    """Whatever an audience, a topic or a rule is called, it is text: the page has no element or attribute of theirs."""
    assert {each.tag for each in page.root.all()}.isdisjoint({"script", "img", "i", "b", "iframe", "object", "link"})
    assert not [name for each in page.root.all() for name in each.attributes if name.startswith("on")]
    text = page.root.text
    for name in (HOSTILE, f"{HOSTILE} & co.", TOPIC, "email <> '<b>'", "<i>unheard of</i>"):
        assert name in text


def test_it_needs_no_network(html: str, page: Page) -> None:
    """Nothing in it names another place, and the browser is told to fetch nothing."""
    policy = page.root.one("meta", **{"http-equiv": "Content-Security-Policy"}).attributes["content"]
    assert policy.startswith("default-src 'none';")
    assert "script-src" not in policy
    own = html.replace("//evil.example/x", "")
    assert not re.search(r"https?:|//\w|@import|\burl\(", own)
    for each in page.root.all():
        assert not each.attributes.keys() & {"src", "srcset", "action", "data", "poster", "background"}, each.tag
        assert each.attributes.get("href", "#").startswith("#")


def test_it_is_accessible(page: Page) -> None:
    """Headings without gaps, header cells with their scope, names for pictures and regions, links that lead on."""
    assert page.root.one("html").attributes["lang"] == "en"
    levels = [int(each.tag[1]) for each in page.root.all("h1", "h2", "h3", "h4")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert all(each.attributes.get("scope") in {"col", "row"} for each in page.root.all("th"))
    assert all(each.text for each in page.root.all("th", "h1", "h2", "h3", "a", "summary"))
    ids = [each.attributes["id"] for each in page.root.all() if "id" in each.attributes]
    assert len(ids) == len(set(ids))
    for each in page.root.all("section"):
        assert each.attributes["aria-labelledby"] in ids
    assert {each.attributes["href"][1:] for each in page.root.all("a")} <= set(ids)
    assert [each.attributes["href"][1:] for each in page.root.one("nav").all("a")] == PARTS


def test_colours_are_legible_in_light_and_dark(html: str) -> None:
    """Every colour of text on every ground that it stands on: 4.5 to 1, as WCAG 2 asks for."""
    light, dark = (dict(re.findall(r"--([\w-]+): (#\w{6})", each)) for each in html.split("prefers-color-scheme", 1))
    on = {
        "ink": ("ground", "card", "act-ground", "look-ground", "fine-ground", "pale"),
        "soft": ("ground", "card", "pale"), "accent": ("card",), "came": ("card",), "went": ("card",),
        "act": ("act-ground", "card"), "look": ("look-ground", "card"),
    }  # fmt: skip
    for scheme in (light, dark):
        for text, grounds in on.items():
            for ground in grounds:
                assert _contrast(scheme[text], scheme[ground]) >= 4.5, (text, ground, scheme is dark)


def test_numbers_and_times_are_for_people(report: Report) -> None:
    """Separators, times with their zone, shares that are never quite none or all, ages in one unit."""
    assert report.people is not None
    many = replace(report, people=replace(report.people, profiles=1_234_567))
    assert "1,234,567" in Page.of(render(many)).root.text
    assert moment(NOW) == "22 November 2026, 12:00 CET"
    assert moment(NOW.astimezone(timezone(timedelta(hours=-3, minutes=-30)))) == "22 November 2026, 07:30 UTC-03:30"
    shares = (0, 0.00001, 0.202, 0.99999, 1)
    assert [percent(share) for share in shares] == ["0.0%", "<0.1%", "20.2%", ">99.9%", "100.0%"]
    assert [duration(timedelta(minutes=minutes)) for minutes in (0, 1, 59, 60, 90, 2159, 2160)] == [
        "less than a minute", "1 minute", "59 minutes", "1 hour", "2 hours", "36 hours", "2 days",
    ]  # fmt: skip
    assert [every(timedelta(minutes=minutes)) for minutes in (0.1, 60, 1440)] == [
        "every minute",
        "every hour",
        "every 24 hours",
    ]


def test_each_part_that_is_empty_says_what_to_run(tmp_path: Path) -> None:
    """A warehouse with nothing in it: every part but the first thing to do says so, and what makes it."""
    with pytest.raises(WarehouseEmpty):
        read_report(Warehouse(tmp_path), NOW)
    with Warehouse(tmp_path).write():
        pass
    page = Page.of(render(read_report(Warehouse(tmp_path), NOW)))
    empty = [each for each in page.root.all("p") if each.attributes.get("class") == "empty"]
    assert len(empty) == len(PARTS)
    assert all(each.text.startswith("Nothing yet.") and list(each.all("code")) for each in empty)
    with Warehouse(tmp_path).write() as connection:
        connection.execute("ALTER TABLE insight.scores DROP COLUMN propensity")
        connection.execute("INSERT INTO insight.scores (profile_id, quantity, computed_at) VALUES ('a', 1, now())")
    with pytest.raises(WarehouseOutdated, match="materialize any asset first"):
        read_report(Warehouse(tmp_path), NOW)


def test_a_page_is_written_whole_and_for_its_owner(tmp_path: Path) -> None:
    """Mode 0600 even in place of a file that all may read; what fails half-way leaves the former page, and no rest."""
    file = tmp_path / "made" / "report.html"
    write_page("first", file)
    file.chmod(0o644)
    write_page("second", file)
    assert (file.read_text(), file.stat().st_mode & 0o777) == ("second", 0o600)
    with pytest.raises(UnicodeEncodeError):
        write_page("x" * 100_000 + "\ud800", file)
    assert [each.read_text() for each in file.parent.iterdir()] == ["second"]


def test_what_is_no_file_is_not_replaced(tmp_path: Path) -> None:
    """A pipe, as /dev/stdout can be, gets the page and stays a pipe."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_page("page", pipe)
        assert os.read(reader, 100) == b"page"
    finally:
        os.close(reader)
    assert pipe.is_fifo()


def _contrast(one: str, other: str) -> float:
    """By WCAG 2: relative luminances, 1 to 21."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_no_reason_of_our_own_reads_as_a_refusal_of_salesforce() -> None:
    """Every code by which an export sets a record aside has words of its own."""
    sql = "".join(each.read_text("utf-8") for each in files("sf_elt.writeback").iterdir() if each.name.endswith(".sql"))
    codes = {"AMBIGUOUS", "UNDONE", *re.findall(r"'([A-Z]{3,}(?:_[A-Z]+)+)'", sql)} - {"ALREADY_HELD"}
    assert len(codes) > 10
    assert [each for each in sorted(codes) if code(each).title == code("?").title] == []
