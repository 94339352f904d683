"""What paused for want of API calls goes on by itself: the resume sensor is asked as Dagster asks it, later on."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from sf_elt.components import automation
from sf_elt.components.running import ONLY_NEW
from sf_elt.demo_org.serve import Details
from sf_elt_tests.components.conftest import CONTACTS, LEADS, Deployed
from sf_elt_tests.components.pauses import pause_of
from sf_elt_tests.orgs import levers

RESERVE = 1_000  # of the org's calls, which the project's connection leaves to others
TWO = dg.AssetSelection.assets(LEADS, CONTACTS)
Later = Callable[[timedelta], None]


@pytest.fixture
def later(deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> Later:
    """Lets time pass: for the sensors, and for the calls that were made."""
    passed = timedelta()

    def let_pass(time: timedelta) -> None:
        nonlocal passed
        passed += time

        class Clock(datetime):
            @classmethod
            def now(cls, tz=None):
                return datetime.now(tz) + passed

        monkeypatch.setattr(automation, "datetime", Clock)
        deployed.warehouse.calls().spent("any")
        with closing(sqlite3.connect(deployed.warehouse.root / "calls.sqlite")) as ledger, ledger:
            ledger.execute("UPDATE calls SET called_at = called_at - ?", [time.total_seconds()])
            ledger.execute("UPDATE org_says SET said_at = said_at - ?", [time.total_seconds()])

    return let_pass


def asked_by_sensor(deployed: Deployed) -> list[dg.RunRequest]:
    """What a tick of the resume sensor asks for, but for what it has asked for already."""
    sensor = deployed.definitions.resolve_sensor_def("salesforce_resume")
    context = dg.build_sensor_context(deployed.instance, repository_def=deployed.definitions.get_repository_def())
    return list(sensor.evaluate_tick(context).run_requests or [])


def resumed(deployed: Deployed) -> int:
    """Runs what the sensor asks for; how many runs that were."""
    asked = asked_by_sensor(deployed)
    for each in asked:
        assert deployed.materialize(dg.AssetSelection.assets(*each.asset_selection), dict(each.tags)).success
    return len(asked)


def windows(deployed: Deployed) -> list[tuple[object, ...]]:
    with deployed.warehouse.read() as connection:
        return connection.execute("SELECT stream, rows_read FROM ops.windows ORDER BY completed_at").fetchall()


@pytest.mark.soak
def test_reading_again_goes_on_after_a_pause(deployed: Deployed, later: Later) -> None:
    """A person reads partitions again that were complete, and calls run out: the very same partitions are read."""
    component = deployed.component
    assert deployed.materialize(TWO, deployed.range_tags()).success
    first = deployed.range_tags()["dagster/asset_partition_range_start"]
    again = {"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": first}
    component.max_daily_api_calls = 1
    assert deployed.materialize(TWO, again).success
    assert pause_of(deployed.instance, LEADS) is not None
    component.max_daily_api_calls = None
    later(timedelta(hours=1))
    assert asked_by_sensor(deployed) == []
    later(timedelta(hours=24))
    before = len(windows(deployed))
    (asked,) = asked_by_sensor(deployed)
    assert again.items() <= asked.tags.items()
    assert ONLY_NEW not in asked.tags
    assert set(asked.asset_selection) == {LEADS, CONTACTS}
    assert resumed(deployed) == 1
    assert len(windows(deployed)) == before + 2
    assert asked_by_sensor(deployed) == []


@pytest.mark.soak
def test_a_schedules_run_does_not_end_a_persons_pause(deployed: Deployed, later: Later) -> None:
    """What a schedule reads of today leaves a paused re-read of other days to be gone on with."""
    component = deployed.component
    assert deployed.materialize(TWO, deployed.range_tags()).success
    component.max_daily_api_calls = 1
    assert deployed.materialize(TWO, deployed.range_tags()).success
    component.max_daily_api_calls = None
    (scheduled,) = component.requests([LEADS, CONTACTS], datetime.now(UTC))
    assert deployed.materialize(TWO, dict(scheduled.tags)).success
    later(timedelta(hours=25))
    (asked,) = asked_by_sensor(deployed)
    assert deployed.range_tags().items() <= asked.tags.items()


@pytest.mark.soak
def test_a_schedules_run_of_today_does_not_end_a_persons_pause_of_today(deployed: Deployed, later: Later) -> None:
    """It adds only what is new; the paused re-read of today is gone on with, and ended by that."""
    component = deployed.component
    today = deployed.range_tags()["dagster/asset_partition_range_end"]
    only_today = {f"dagster/asset_partition_range_{end}": today for end in ("start", "end")}
    assert deployed.materialize(TWO, deployed.range_tags()).success
    component.max_daily_api_calls = 1
    assert deployed.materialize(TWO, only_today).success
    component.max_daily_api_calls = None
    (scheduled,) = component.requests([LEADS, CONTACTS], datetime.now(UTC))
    assert deployed.materialize(TWO, dict(scheduled.tags)).success
    later(timedelta(hours=25))
    (asked,) = asked_by_sensor(deployed)
    assert only_today.items() <= asked.tags.items()
    assert ONLY_NEW not in asked.tags
    assert resumed(deployed) == 1
    assert asked_by_sensor(deployed) == []


def test_a_scheduled_run_goes_on_with_what_is_unread(deployed: Deployed, later: Later) -> None:
    """Its pause asks for whatever is not read by then, and for new rows only."""
    component = deployed.component
    (scheduled,) = component.requests([LEADS], datetime.now(UTC))
    component.max_daily_api_calls = 1
    assert deployed.materialize(dg.AssetSelection.assets(LEADS), dict(scheduled.tags)).success
    component.max_daily_api_calls = None
    later(timedelta(hours=25))
    (asked,) = asked_by_sensor(deployed)
    assert asked.tags[ONLY_NEW] == "true"


def test_a_pause_is_gone_on_with_once(deployed: Deployed, later: Later) -> None:
    """A resumed run that fails has the key of the pause: Dagster does not begin it again with each tick."""
    deployed.component.max_daily_api_calls = 1
    assert deployed.materialize(TWO, deployed.range_tags()).success
    later(timedelta(hours=25))
    (first,) = asked_by_sensor(deployed)
    later(timedelta(minutes=1))
    (second,) = asked_by_sensor(deployed)
    assert first.run_key == second.run_key is not None


@pytest.mark.parametrize("whose", ["the import's", pytest.param("the org's", marks=pytest.mark.soak)])
def test_calls_that_end_in_the_middle_cost_little_more(
    deployed: Deployed, org: Details, later: Later, whose: str
) -> None:
    """However often calls run out, all runs together make few more calls than one that is left alone."""
    component = deployed.component
    pull = levers(org)

    def spent() -> int:
        return sum(call["status"] != 403 for call in pull.calls.all())

    only = dg.AssetSelection.assets(LEADS)
    pull.faults.plan({"path": "/query", "page_size": 9, "times": None})
    pull.calls.clear()
    pauses = 0
    if whose == "the import's":
        component.max_daily_api_calls = 3
    else:
        pull.limit(RESERVE + 3, give_back=True)
    assert deployed.materialize(only, deployed.range_tags()).success
    while pause_of(deployed.instance, LEADS) is not None:
        pauses += 1
        assert pauses < 9
        pull.limit(RESERVE + 3 if whose == "the org's" else 100_000, give_back=True)
        later(timedelta(hours=25))
        assert resumed(deployed) == 1
    assert pauses > 1
    with deployed.warehouse.read() as connection:
        leads = connection.execute('SELECT count(*), count(DISTINCT "Id") FROM streams.salesforce_leads').fetchone()
    assert leads == (36, 36)
    undisturbed = 2 + 4  # login, survey, pages
    assert spent() <= undisturbed + 3 * pauses
