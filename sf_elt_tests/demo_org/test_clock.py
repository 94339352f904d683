"""The org's clock is set forward and back: what counts time goes on counting."""

from datetime import UTC, datetime, timedelta

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from sf_elt.demo_org.auth.attempts import MOST_FAILURES, Attempts
from sf_elt.demo_org.calls import Allowance
from sf_elt.demo_org.serve import Details
from sf_elt_tests.demo_org.wire import V62, Wire

NOW = datetime(2026, 11, 21, tzinfo=UTC)


@given(st.lists(st.integers(-5_000, 5_000), max_size=30))
@settings(max_examples=60, deadline=None)
def test_the_allowance_comes_back_a_day_after_the_last_call(minutes: list[int]) -> None:
    """Whatever the clock was when calls were made: they count until then, and not a day later."""
    allowance = Allowance(1_000)
    for minute in minutes:
        assert allowance.spend(NOW + timedelta(minutes=minute))
        assert allowance.used(NOW + timedelta(minutes=minute)) >= 1
    last = NOW + timedelta(minutes=minutes[-1] if minutes else 0)
    assert allowance.used(last) <= len(minutes)
    assert allowance.used(last + timedelta(days=1, minutes=1)) == 0


def test_a_lockout_does_not_last_until_the_clock_comes_by_again() -> None:
    """A user who was locked out while the clock was a month ahead may try again when it is set back."""
    attempts, ahead = Attempts(), NOW + timedelta(days=30)
    for _ in range(MOST_FAILURES):
        attempts.failed("005A", ahead)
    assert attempts.locked_out("005A", ahead)
    assert not attempts.locked_out("005A", NOW)
    attempts.failed("005A", NOW)
    assert not attempts.locked_out("005A", NOW)


@pytest.mark.parametrize(
    "move",
    [
        '{"ahead_seconds": -1e12}',
        '{"ahead_seconds": 1e11}',
        '{"advance_seconds": 1e11}',
        '{"advance_seconds": 1e300}',
        '{"ahead_seconds": Infinity}',
        '{"ahead_seconds": NaN}',
    ],
)
def test_the_clock_stays_within_time(shared_org: Details, move: str) -> None:
    """A time that no datetime of Salesforce can say is refused, and the org goes on as before."""
    assert requests.post(f"{shared_org.instance_url}/demo/clock", data=move, timeout=10).status_code == 400
    assert Wire(shared_org)("GET", f"{V62}/limits").status_code == 200


def test_the_first_and_the_last_years_work(empty_org: Details) -> None:
    """Records are made and read in 1701 and in 3999."""
    wire = Wire(empty_org)
    for year in (1701, 3999):
        wire.pull("clock", ahead_seconds=(datetime(year, 7, 1, tzinfo=UTC) - datetime.now(UTC)).total_seconds())
        token = requests.post(
            f"{empty_org.instance_url}/services/oauth2/token",
            data={
                "grant_type": "client_credentials",
                "client_id": empty_org.client_id,
                "client_secret": empty_org.client_secret,
            },
            timeout=10,
        ).json()["access_token"]
        session = {"headers": {"Authorization": f"Bearer {token}"}}
        made = wire("POST", f"{V62}/sobjects/Account", json={"Name": "Old"}, **session)
        assert made.status_code == 201
        record = wire("GET", f"{V62}/sobjects/Account/{made.json()['id']}", **session).json()
        assert record["CreatedDate"].startswith(str(year))
