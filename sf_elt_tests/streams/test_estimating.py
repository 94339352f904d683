"""How long work takes that pauses whenever a day's allowance is spent."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from sf_elt.streams.estimating import TIME, Allowance, Finish, Need, finish, measured_pace
from sf_elt.warehouse import Warehouse

amounts = st.one_of(st.none(), st.floats(0, 50_000))
needs = st.builds(
    Need, st.floats(0, 1_000_000), st.builds(Allowance, st.just("calls"), amounts, amounts, st.floats(0, 10))
)


@given(
    seconds=st.floats(1, 500_000), needed=st.lists(needs, max_size=3), more=st.floats(0, 50_000), of_today=st.booleans()
)
@settings(max_examples=300, deadline=None)
def test_more_allowance_never_takes_longer(seconds: float, needed: list[Need], more: float, of_today: bool) -> None:
    """Whatever else limits the work, more of one allowance, today or daily, is done no later."""
    before = finish(seconds, needed)
    raised = [replace(each, allowance=_raised(each.allowance, more, of_today)) for each in needed[:1]] + needed[1:]
    after = finish(seconds, raised)
    if before.after is not None:
        assert after.after is not None
        assert after.after <= before.after + timedelta(milliseconds=1)


@given(seconds=st.floats(1, 500_000), needed=st.lists(needs, max_size=3))
@settings(max_examples=200, deadline=None)
def test_nothing_is_done_sooner_than_it_takes(seconds: float, needed: list[Need]) -> None:
    """Pauses only add to the time; none means there are none."""
    found = finish(seconds, needed)
    if found.after is not None:
        assert found.after >= timedelta(seconds=seconds) - timedelta(milliseconds=1)
        assert (found.pauses > 0) == (found.limited_by not in (None, TIME))


def test_what_does_not_fit_into_a_day_goes_on_in_the_next() -> None:
    """2,500 calls at 1,000 a day with 3 of each going-on: two pauses, and the rest of the work on the third day."""
    needed = [Need(2_500, Allowance("max_daily_api_calls", 1_000, 1_000, overhead=3))]
    found = finish(250, needed)
    assert (found.pauses, found.limited_by) == (2, "max_daily_api_calls")
    assert found.after == timedelta(days=2, seconds=250 * 503 / 2_500)


def test_a_day_that_brings_nothing_never_ends() -> None:
    """A maximum that going on takes alone leaves no call for a page."""
    assert finish(10, [Need(100, Allowance("max_daily_api_calls", 3, 3, overhead=3))]) == Finish(
        None, 0, "max_daily_api_calls"
    )


def test_pace_is_that_of_past_reads(tmp_path: Path) -> None:
    """Large reads of these streams count, by transport; small ones, others, and a warehouse without any say nothing."""
    warehouse = Warehouse(tmp_path)
    assert measured_pace(warehouse, ["leads"]) == {}
    with warehouse.write() as connection:
        for stream, transport, rows, seconds in [
            ("leads", "bulk", 30_000, 10), ("leads", "bulk", 10_000, 10), ("leads", "rest", 10, 1),
            ("contacts", "rest", 5_000, 1),
        ]:  # fmt: skip
            connection.execute(
                "INSERT INTO ops.windows (stream, window_start, window_end, read_from, read_to, is_open,"
                " timestamp_field, transport, org_count, rows_read, rows_new, rows_changed, rows_unchanged,"
                " rows_deleted, api_calls, seconds, run_id, completed_at)"
                " VALUES ($1, $2, $2, $2, $2, false, 'SystemModstamp', $3, $4, $4, 0, 0, 0, 0, 1, $5, 'run', $2)",
                [stream, datetime.now(UTC).replace(tzinfo=None), transport, rows, seconds],
            )
    assert measured_pace(warehouse, ["leads"]) == {"bulk": 2_000.0}


def _raised(allowance: Allowance, more: float, of_today: bool) -> Allowance:
    if of_today:
        return replace(allowance, today=None if allowance.today is None else allowance.today + more)
    return replace(allowance, daily=None if allowance.daily is None else allowance.daily + more)
