"""Many questions in few calls, what the org allows, and what reading costs."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sf_elt.demo_org.serve import Details
from sf_elt.salesforce import JobPatience, Org, SalesforceError, UnknownObject
from sf_elt.salesforce.asking import (
    MOST_QUERIES,
    MOST_QUESTIONS,
    _in_calls,
    ask,
    describe_together,
    describing,
    querying,
)
from sf_elt.salesforce.connection.refused_logins import what_to_do
from sf_elt.salesforce.counting import count_records, kept_counts
from sf_elt.salesforce.downloads.costs import bulk_calls, rest_calls
from sf_elt.salesforce.limits import limits, versions
from sf_elt_tests.orgs import levers
from sf_elt_tests.salesforce.conftest import Meter


@given(queries=st.integers(0, 40), others=st.integers(0, 80))
@settings(max_examples=60, deadline=None)
def test_questions_are_shared_out_over_the_fewest_calls(queries: int, others: int) -> None:
    """Each question is asked once, no call is over its limits, and there are no more calls than that takes."""
    asked = {f"q{number}": querying("SELECT Id FROM Lead") for number in range(queries)}
    asked |= {f"o{number}": describing("Lead") for number in range(others)}
    calls = list(_in_calls(asked))
    assert sorted(name for call in calls for name in call) == sorted(asked)
    assert all(len(call) <= MOST_QUESTIONS for call in calls)
    assert all(sum(path.startswith("query") for path in call.values()) <= MOST_QUERIES for call in calls)
    assert len(calls) == max(-(-queries // MOST_QUERIES), -(-(queries + others) // MOST_QUESTIONS))


def test_seven_counts_are_two_calls(connected: Org, meter: Meter) -> None:
    """Five queries travel in one call."""
    asked = {f"c{number}": ("Lead", "") for number in range(7)}
    meter.calls.clear()
    assert set(count_records(connected, asked, include_deleted=True).values()) == {36}
    assert len(meter.calls) == 2


def test_an_org_without_composite_requests_is_asked_one_by_one(org: Details, connected: Org, meter: Meter) -> None:
    """The replies are the same, refusals too; later questions do not try again."""
    questions = {"there": describing("Lead"), "not": describing("Nope"), "rows": querying("SELECT Id FROM Lead")}
    before = ask(connected, questions)
    levers(org).faults.plan(
        {"path": "/composite", "times": None, "refuse": {"status": 404, "code": "NOT_FOUND", "message": "no"}}
    )
    after = ask(connected, questions)
    meter.calls.clear()
    again = ask(connected, questions)
    for replies in (after, again):
        assert {name: reply.body for name, reply in replies.items()} == {n: r.body for n, r in before.items()}
        assert [type(reply.refused) for reply in replies.values()] == [type(r.refused) for r in before.values()]
    assert len(meter.calls) == 3


def test_what_is_not_seen_is_not_described(connected: Org, meter: Meter) -> None:
    """Objects are described together, those that the org does not show are left out."""
    meter.calls.clear()
    describe_together(connected, ["Lead", "Contact", "Nope"])
    assert connected.described.keys() == {"Lead", "Contact"}
    assert len(meter.calls) == 1


def test_a_refused_count_is_raised(connected: Org) -> None:
    """A count of an unknown object is no count of 0."""
    with pytest.raises(UnknownObject):
        count_records(connected, {"c": ("Nope", "")}, include_deleted=False)


def test_limits_follow_what_was_spent(org: Details, connected: Org) -> None:
    """What remains of the day's calls is the org's own number."""
    levers(org).limit(50)
    found = limits(connected)["DailyApiRequests"]
    assert (found.most, found.used) == (50, 50 - found.remaining)
    assert found.used > 0


def test_kept_counts_leave_deleted_records_out(connected: Org) -> None:
    """They count fewer than all, and nothing of an object that is not there."""
    assert kept_counts(connected, ["Lead", "Nope"]) == {"Lead": 32}


def test_versions_and_the_clock(org: Details, connected: Org) -> None:
    """The org's versions in their order, and how far its clock is ahead."""
    levers(org).let_clock_differ(300)
    try:
        found = versions(connected)
    finally:
        levers(org).let_clock_differ(0)
    assert list(found.offered) == sorted(found.offered, key=float)
    assert found.ahead is not None
    assert abs(found.ahead - timedelta(minutes=5)) < timedelta(seconds=10)


@given(rows=st.integers(1, 50_000_000), more=st.integers(0, 1_000_000))
@settings(max_examples=60, deadline=None)
def test_more_rows_never_cost_fewer_calls(rows: int, more: int) -> None:
    """By REST they grow with each page; in bulk there are at least the job, a look and a page."""
    assert rest_calls(rows) <= rest_calls(rows + more)
    assert bulk_calls(rows, "62.0", JobPatience()) >= 3


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        ("INVALID_LOGIN: Invalid username, password, security token; or user locked out.", "Unlock"),
        ("user hasn't approved this consumer", "pre-authorized"),
        ("API_DISABLED_FOR_ORG", "API Enabled"),
        ("PASSWORD_LOCKOUT: No.", "wait 15 minutes"),
        ("a proxy has blocked this; check the clock", ""),
        ("the org refuses the session it has just opened (INVALID_SESSION_ID Session expired)", "Lock sessions"),
        ("something new", ""),
    ],
)
def test_refused_logins_come_with_advice(said: str, advice: str) -> None:
    """What Salesforce says of a login leads to what an administrator does; of the unknown nothing is said."""
    found = what_to_do(SalesforceError(said))
    assert advice in found
    assert bool(found) == bool(advice)
