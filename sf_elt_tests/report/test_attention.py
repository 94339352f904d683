"""What needs attention: each thing at its threshold, and nothing where all is well."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from sf_elt.insight import Moves, ScoreSpread, Size, StandingAudience
from sf_elt.report import Report, needs_attention
from sf_elt.report.behaviour import Scores
from sf_elt.report.exports import ExportStanding, NotWritten
from sf_elt.report.health import DroppedField, Health, SetAside
from sf_elt.report.people import ImportedStream, People

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)

PEOPLE = People(profiles=100, with_email=60, new_this_week=2, first_built_at=NOW - 90 * DAY)
STREAM = ImportedStream("salesforce_leads", False, 100, NOW - HOUR, HOUR, NOW - HOUR, HOUR)
AUDIENCE = StandingAudience(
    name="Loyal", description="Come often.", condition="frequency > 65", members=100, share=1.0, week=Moves(0, 0, 0, 0),
    month=Moves(0, 0, 0, 0), sizes=tuple(Size(NOW - days * DAY, 100) for days in range(8, -1, -1)), evaluated_at=NOW,
)  # fmt: skip
SCORES = Scores(10, (ScoreSpread("propensity", 10, (1,) * 10, 45),), NOW)
HEALTH = Health((("1", 100),), (), (), (), (), 0, 0, 0, 0, 0, 0)
EXPORT = ExportStanding(
    export="leads", object="Lead", status="done", run_at=NOW - DAY, planned=10, sent=10, held_already=0, refused=0,
    set_aside=0, unchanged=0, waiting=0, in_doubt=0, sent_month=10, last_sent_at=NOW - DAY, not_written=(),
)  # fmt: skip
WELL = Report(NOW, PEOPLE, (STREAM,), (AUDIENCE,), None, SCORES, None, HEALTH, (EXPORT,))


def late(age: timedelta, usual_gap: timedelta | None) -> Report:
    stream = replace(STREAM, read_at=NOW - age, age=age, usual_gap=usual_gap)
    return replace(WELL, imports=(stream,), audiences=(replace(AUDIENCE, evaluated_at=stream.read_at),))


def moved(entered: int, left: int, by_definition: int = 0) -> Report:
    week = Moves(entered, left, by_definition, 0)
    return replace(WELL, audiences=(replace(AUDIENCE, members=100 + entered - left + by_definition, week=week),))


def exported(**changes: object) -> Report:
    return replace(WELL, exports=(replace(EXPORT, **changes),))  # type: ignore[arg-type]


def sound(**changes: object) -> Report:
    return replace(WELL, health=replace(HEALTH, **changes))  # type: ignore[arg-type]


def not_written(status: str, code: str) -> tuple[NotWritten, ...]:
    return (NotWritten(status, code, False, 3),)


LINES = SetAside("web_events", "not valid JSON", rows=5, this_week=2, latest_at=NOW - HOUR)


@pytest.mark.parametrize(
    ("report", "said"),
    [
        (WELL, []),
        (replace(WELL, people=None, imports=(), audiences=(), scores=None, health=None, exports=()), []),
        (late(23 * HOUR, timedelta(minutes=5)), []),
        (late(25 * HOUR, timedelta(minutes=5)), ["act: Salesforce leads: not imported for 25 hours"]),
        (late(20 * DAY, 7 * DAY), []),
        (late(22 * DAY, 7 * DAY), ["act: Salesforce leads: not imported for 22 days"]),
        (late(4 * DAY, None), ["act: Salesforce leads: not imported for 4 days"]),
        (late(91 * DAY, None), []),
        (
            replace(WELL, audiences=(replace(AUDIENCE, evaluated_at=NOW - 3 * DAY),)),
            ["act: The audiences are older than the data, by 3 days"],
        ),
        (moved(30, 6), []),
        (moved(31, 6), ["look: 1 audience changed much within a week"]),
        (moved(0, 40), ["look: 1 audience changed much within a week"]),
        (moved(0, 0, by_definition=80), []),
        (
            replace(WELL, audiences=(replace(AUDIENCE, members=0, sizes=()),)),
            ["look: 1 audience without anybody in it"],
        ),
        (
            replace(WELL, scores=replace(SCORES, spreads=(ScoreSpread("propensity", 0, (0,) * 10, None),))),
            ["look: No one has a propensity score"],
        ),
        (exported(status="paused", waiting=4), ["look: The export leads is paused: its API calls are used up"]),
        (exported(status="waiting for approval"), ["act: The export leads waits for somebody's approval"]),
        (exported(status="sending", run_at=NOW - HOUR), []),
        (exported(status="sending", in_doubt=3), ["act: The last run of the export leads broke off"]),
        (exported(refused=3), ["look: Salesforce refused 3 records of the export leads"]),
        (exported(refused=1, sent=0), ["act: Salesforce refused 1 record of the export leads"]),
        (exported(not_written=not_written("set aside", "LEAD_CONVERTED")), []),
        (
            exported(not_written=not_written("set aside", "STRING_TOO_LONG")),
            ["look: 3 records of the export leads could not be sent"],
        ),
        (sound(set_aside=(replace(LINES, this_week=0),)), []),
        (sound(set_aside=(LINES,)), ["look: 2 lines of event files could not be read this week"]),
        (sound(pending_by_hand=2), ["look: 2 links made by hand wait for somebody unknown"]),
        (
            sound(dropped=(DroppedField("salesforce_leads", "Gone__c", NOW),)),
            ["act: 1 field can no longer be read from Salesforce"],
        ),
    ],
)
def test_what_needs_attention_is_said(report: Report, said: list[str]) -> None:
    """One sentence for each thing that is not as it should be, with what to do; nothing a step before that."""
    found = needs_attention(report)
    assert [f"{each.urgency}: {each.title}" for each in found] == said
    assert all(each.says and each.do for each in found)


def test_what_is_urgent_comes_first() -> None:
    """Whatever else there is to look at, what somebody must act on stands above it."""
    report = replace(exported(status="paused"), imports=late(4 * DAY, None).imports)
    assert [each.urgency for each in needs_attention(report)] == ["act", "look"]
