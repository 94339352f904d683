"""Series of events and tasks: their fields are there to be read, as clients that select every field do."""

import pytest

from sf_elt.demo_org.serve import Details
from sf_elt_tests.demo_org.wire import V62, Wire
from sf_elt_tests.orgs import client

EVENT = {"Subject": "Meeting", "StartDateTime": "2026-03-01T10:00:00Z", "EndDateTime": "2026-03-01T11:00:00Z"}


def test_no_activity_is_part_of_a_series(empty_org: Details) -> None:
    """Flags are false and the rest is empty in new records; an event is a group event of kind 0, as in real orgs."""
    sf = client(empty_org)
    sf.Event.create(EVENT)
    sf.Task.create({"Subject": "Call"})
    names = "IsArchived, IsRecurrence, RecurrenceType, RecurrenceInterval, RecurrenceActivityId"
    own = ", IsChild, IsGroupEvent, IsRecurrence2, Recurrence2PatternText, GroupEventType"
    [event] = sf.query(f"SELECT {names}{own} FROM Event")["records"]
    [task] = sf.query(f"SELECT {names}, RecurrenceRegeneratedType FROM Task")["records"]
    assert list(event.values())[1:] == [False, False, None, None, None, False, False, False, None, "0"]
    assert list(task.values())[1:] == [False, False, None, None, None, None]


@pytest.mark.parametrize("object_name", ["Event", "Task"])
def test_a_series_cannot_be_made(empty_org: Details, object_name: str) -> None:
    """Rather than taking a rule and making no occurrences, the org refuses it, and describe says so."""
    wire = Wire(empty_org)
    fields = {**(EVENT if object_name == "Event" else {"Subject": "Call"}), "IsRecurrence": True}
    reply = wire("POST", f"{V62}/sobjects/{object_name}", json=fields)
    assert (reply.status_code, reply.json()[0]["errorCode"]) == (400, "INVALID_FIELD_FOR_INSERT_UPDATE")
    described = wire("GET", f"{V62}/sobjects/{object_name}/describe").json()["fields"]
    rules = {each["name"]: each["createable"] for each in described if each["name"].startswith("Recurrence")}
    assert len(rules) >= 11
    assert not any(rules.values())
