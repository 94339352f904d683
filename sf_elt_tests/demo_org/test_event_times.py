"""When a meeting is, in each of the ways that clients say it."""

from collections.abc import Iterator
from typing import Any

import pytest

from sf_elt.demo_org.serve import running_org
from sf_elt_tests.demo_org.wire import V62, Wire

TIMES = ("IsAllDayEvent", "ActivityDate", "ActivityDateTime", "StartDateTime", "EndDateTime", "DurationInMinutes")
TEN, ELEVEN = "2026-03-01T10:00:00Z", "2026-03-01T11:00:00Z"
TOLD_TEN, TOLD_ELEVEN = "2026-03-01T10:00:00.000+0000", "2026-03-01T11:00:00.000+0000"
AN_HOUR = [False, "2026-03-01", TOLD_TEN, TOLD_TEN, TOLD_ELEVEN, 60]


@pytest.fixture(scope="module")
def wire() -> Iterator[Wire]:
    with running_org(records=0) as details:
        yield Wire(details)


def times(wire: Wire, event_id: str) -> list[Any]:
    record = wire("GET", f"{V62}/sobjects/Event/{event_id}", params={"fields": ",".join(TIMES)}).json()
    return [record[name] for name in TIMES]


def all_day(first: str, last: str, days: int) -> list[Any]:
    start, end = (f"{day}T00:00:00.000+0000" for day in (first, last))
    return [True, first, start, start, end, days * 1440]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"StartDateTime": TEN, "EndDateTime": ELEVEN}, AN_HOUR),
        ({"ActivityDateTime": TEN, "DurationInMinutes": 60}, AN_HOUR),
        ({"StartDateTime": TEN, "DurationInMinutes": 60}, AN_HOUR),
        ({"ActivityDateTime": TEN, "EndDateTime": ELEVEN, "DurationInMinutes": None}, AN_HOUR),
        (dict(zip(TIMES, [False, "2026-03-01", TEN, TEN, ELEVEN, 60], strict=True)), AN_HOUR),
        ({"IsAllDayEvent": True, "ActivityDate": "2026-03-01"}, all_day("2026-03-01", "2026-03-01", 1)),
        (
            {"IsAllDayEvent": True, "ActivityDate": "2026-03-01", "DurationInMinutes": 2880},
            all_day("2026-03-01", "2026-03-02", 2),
        ),
        (
            {"IsAllDayEvent": True, "StartDateTime": "2026-03-01T00:00:00Z", "EndDateTime": "2026-03-03T00:00:00Z"},
            all_day("2026-03-01", "2026-03-03", 3),
        ),
    ],
)
def test_one_way_to_say_when_gives_the_others(wire: Wire, said: dict[str, Any], told: list[Any]) -> None:
    """Start or due date, end or duration: the other fields follow."""
    assert times(wire, wire.new("Event", Subject="Meeting", **said)) == told


@pytest.mark.parametrize(
    ("said", "code", "fields"),
    [
        ({}, "REQUIRED_FIELD_MISSING", ["EndDateTime", "ActivityDateTime"]),
        ({"DurationInMinutes": 60, "ActivityDate": "2026-03-01"}, "REQUIRED_FIELD_MISSING", ["ActivityDateTime"]),
        ({"StartDateTime": None, "EndDateTime": ELEVEN}, "REQUIRED_FIELD_MISSING", ["ActivityDateTime"]),
        ({"StartDateTime": TEN}, "REQUIRED_FIELD_MISSING", ["EndDateTime"]),
        ({"IsAllDayEvent": True}, "REQUIRED_FIELD_MISSING", ["ActivityDate"]),
        (
            {"StartDateTime": TEN, "EndDateTime": ELEVEN, "DurationInMinutes": 30},
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            ["DurationInMinutes"],
        ),
        (
            {"StartDateTime": TEN, "EndDateTime": TEN, "DurationInMinutes": 30},
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            ["DurationInMinutes"],
        ),
        (
            {"StartDateTime": TEN, "ActivityDateTime": ELEVEN, "DurationInMinutes": 30},
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            ["ActivityDateTime"],
        ),
        (
            {"IsAllDayEvent": True, "StartDateTime": TEN, "ActivityDate": "2026-03-02"},
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            ["ActivityDate"],
        ),
        ({"StartDateTime": ELEVEN, "EndDateTime": TEN}, "FIELD_INTEGRITY_EXCEPTION", ["EndDateTime"]),
        ({"StartDateTime": TEN, "DurationInMinutes": -1}, "FIELD_INTEGRITY_EXCEPTION", ["DurationInMinutes"]),
        ({"StartDateTime": TEN, "DurationInMinutes": 20161}, "FIELD_INTEGRITY_EXCEPTION", ["DurationInMinutes"]),
    ],
)
def test_gaps_and_contradictions_are_refused(wire: Wire, said: dict[str, Any], code: str, fields: list[str]) -> None:
    """What is missing, what does not match, and what ends before it starts or lasts longer than two weeks."""
    reply = wire("POST", f"{V62}/sobjects/Event", json={"Subject": "Meeting", **said})
    [error] = reply.json()
    assert (reply.status_code, error["errorCode"], error["fields"]) == (400, code, fields)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"Subject": "Call"}, AN_HOUR),
        ({"DurationInMinutes": 30}, [*AN_HOUR[:4], "2026-03-01T10:30:00.000+0000", 30]),
        ({"EndDateTime": "2026-03-01T12:00:00Z"}, [*AN_HOUR[:4], "2026-03-01T12:00:00.000+0000", 120]),
        ({"StartDateTime": ELEVEN}, [*AN_HOUR[:2], TOLD_ELEVEN, TOLD_ELEVEN, "2026-03-01T12:00:00.000+0000", 60]),
        ({"IsAllDayEvent": True}, all_day("2026-03-01", "2026-03-01", 1)),
    ],
)
def test_a_change_keeps_what_it_does_not_name(wire: Wire, change: dict[str, Any], told: list[Any]) -> None:
    """A new end or duration keeps the start; a new start moves the meeting."""
    event_id = wire.new("Event", StartDateTime=TEN, EndDateTime=ELEVEN)
    assert wire("PATCH", f"{V62}/sobjects/Event/{event_id}", json=change).status_code == 204
    assert times(wire, event_id) == told


def test_a_meeting_cannot_lose_its_time(wire: Wire) -> None:
    """An emptied start is missing, and the meeting stays as it was."""
    event_id = wire.new("Event", StartDateTime=TEN, EndDateTime=ELEVEN)
    reply = wire("PATCH", f"{V62}/sobjects/Event/{event_id}", json={"StartDateTime": None})
    assert (reply.status_code, reply.json()[0]["errorCode"]) == (400, "REQUIRED_FIELD_MISSING")
    assert times(wire, event_id) == AN_HOUR


def test_the_day_of_a_meeting_is_grouped_by_and_not_aggregated(wire: Wire) -> None:
    """As describe says."""
    grouped = "SELECT ActivityDate, COUNT(Id) FROM Event GROUP BY ActivityDate"
    assert wire("GET", f"{V62}/query", params={"q": grouped}).status_code == 200
    reply = wire("GET", f"{V62}/query", params={"q": "SELECT MAX(ActivityDate) FROM Event"})
    assert reply.json()[0]["message"].endswith("field ActivityDate does not support aggregate operator MAX")


def test_describe_says_that_all_of_them_can_be_written(wire: Wire) -> None:
    """As recorded: writable, none required, access to them not for permission sets to take."""
    fields = {each["name"]: each for each in wire("GET", f"{V62}/sobjects/Event/describe").json()["fields"]}
    facts = ("createable", "updateable", "nillable", "permissionable", "calculated")
    assert {tuple(fields[name][fact] for fact in facts) for name in TIMES[1:]} == {(True, True, True, False, False)}
