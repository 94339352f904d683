"""Describe and count in one call, and what becomes of either's errors."""

import pytest

from sf_elt.demo_org.serve import Details
from sf_elt.salesforce import Org, QueryRefused, UnknownField, UnknownObject, count, describe, literal, survey
from sf_elt_tests.orgs import levers
from sf_elt_tests.salesforce.conftest import Meter

COUNTED = "IsConverted = false"


def test_describe_and_count_are_one_call(org: Details, connected: Org, meter: Meter) -> None:
    """One call by our count and by the org's, and the same answers as the two calls give."""
    levers(org).calls.clear()
    found = survey(connected, "Lead", COUNTED, include_deleted=True)
    used = connected.allowance
    assert len(meter.calls) == len(levers(org).calls.all()) == 1
    assert found.counted == count(connected, "Lead", COUNTED, include_deleted=True) > 0
    assert used is not None
    assert connected.allowance == (used[0] + 1, used[1])
    connected.described.clear()
    assert found.described == describe(connected, "Lead")


def test_a_survey_describes_anew(connected: Org, meter: Meter) -> None:
    """What was described before is replaced, and what comes after need not ask."""
    before = describe(connected, "Lead")
    connected.described["Lead"] = before.model_copy(update={"fields": ()})
    assert survey(connected, "Lead", include_deleted=False).described == before
    meter.calls.clear()
    assert describe(connected, "Lead") == before
    assert meter.calls == []


def test_values_of_the_condition_travel(connected: Org) -> None:
    """Quotes, signs that mean something in an address or in a composite request, and letters beyond ASCII."""
    awkward = 'O\'Neil & \\ "Ng" 100% +1 #ü @{x.y}'
    connected.client.Lead.create({"LastName": awkward, "Company": "C"})
    assert survey(connected, "Lead", f"LastName = {literal(awkward)}", include_deleted=False).counted == 1


def test_what_is_not_there_is_named(connected: Org) -> None:
    """The exceptions of the single calls, with the nearest names."""
    with pytest.raises(UnknownObject, match=r"'Contcat'.*did you mean Contact"):
        survey(connected, "Contcat", include_deleted=True)
    with pytest.raises(UnknownObject, match="no object 'Lead; DROP'"):
        survey(connected, "Lead; DROP", include_deleted=True)
    with pytest.raises(UnknownField, match=r"GET /services/data/v\d+.0/queryAll/: 400 INVALID_FIELD (?s:.)*Gone__c"):
        survey(connected, "Lead", "Gone__c = 1", include_deleted=True)
    with pytest.raises(QueryRefused):
        survey(connected, "Lead", "IsConverted =", include_deleted=True)


def _answered(status: int, code: str) -> dict[str, object]:
    """A composite reply whose count was refused."""
    refused = {"body": [{"errorCode": code, "message": "No."}], "httpStatusCode": status, "referenceId": "counted"}
    lead = {"name": "Lead", "label": "As told", "fields": [{"name": "Id", "type": "id"}]}
    described = {"body": lead, "httpStatusCode": 200, "referenceId": "described"}
    return {"path": "/composite$", "reply": {"status": 200, "body": {"compositeResponse": [described, refused]}}}


def test_rows_that_cannot_be_counted_in_time(org: Details, connected: Org) -> None:
    """No count is no failure: the object is described, and nobody knows how many rows there are."""
    levers(org).faults.plan(_answered(400, "QUERY_TIMEOUT"))
    found = survey(connected, "Lead", include_deleted=True)
    assert (found.counted, found.described.label) == (None, "As told")


@pytest.mark.parametrize(
    ("fault", "calls_now", "calls_then"),
    [
        (_answered(503, "SERVER_UNAVAILABLE"), 2, 1),
        (_answered(400, "PROCESSING_HALTED"), 2, 2),
        (
            {"path": "/composite$", "reply": {"status": 404, "body": [{"errorCode": "NOT_FOUND", "message": "No."}]}},
            3,
            2,
        ),
    ],
    ids=["busy inside", "not inside", "no composites"],
)
def test_what_does_not_go_together_goes_alone(
    org: Details, connected: Org, meter: Meter, fault: dict[str, object], calls_now: int, calls_then: int
) -> None:
    """What was not answered is asked once more, and the next survey tries it together where that may be answered."""
    levers(org).faults.plan(fault)
    found = survey(connected, "Lead", COUNTED, include_deleted=True)
    assert len(meter.calls) == calls_now
    assert found.counted == count(connected, "Lead", COUNTED, include_deleted=True)
    meter.calls.clear()
    assert survey(connected, "Lead", COUNTED, include_deleted=True).counted == found.counted
    assert len(meter.calls) == calls_then


def test_a_survey_whose_answer_is_lost_is_repeated(org: Details, connected: Org, meter: Meter) -> None:
    """It changes nothing, so it may be asked twice."""
    levers(org).faults.plan({"path": "/composite$", "drop": "after"})
    assert survey(connected, "Lead", include_deleted=True).counted is not None
    assert len(meter.calls) == 2
