"""What runs by itself after new data, asked of Dagster without a daemon."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

LEADS, PROFILES = dg.AssetKey(["streams", "salesforce_leads"]), dg.AssetKey(["profiles", "profiles"])
SCORES, AUDIENCES = dg.AssetKey(["insight", "scores"]), dg.AssetKey(["insight", "audiences"])
AFFINITIES = dg.AssetKey(["insight", "affinities"])
EXPORTS = {dg.AssetKey(["writeback", "leads"]), dg.AssetKey(["writeback", "contacts"])}
REPORT = dg.AssetKey(["report"])
CHAIN = {PROFILES, SCORES, AFFINITIES, AUDIENCES, *EXPORTS, REPORT}
PARTITIONS = 200


class Ticks:
    """The automation sensor's ticks, one after the other."""

    def __init__(self, definitions: dg.Definitions, instance: dg.DagsterInstance) -> None:
        self.definitions, self.instance = definitions, instance
        self.cursor = None
        self.now = datetime.now(UTC)

    def tick(self) -> set[dg.AssetKey]:
        """What this tick would run."""
        self.now += timedelta(minutes=1)
        done = dg.evaluate_automation_conditions(
            self.definitions, self.instance, cursor=self.cursor, evaluation_time=self.now
        )
        self.cursor = done.cursor
        return {key for key in CHAIN | {LEADS} if done.get_num_requested(key)}

    def made(self, key: dg.AssetKey, partitions: list[str | None] | None = None) -> None:
        for partition in partitions or [None]:
            self.instance.report_runless_asset_event(dg.AssetMaterialization(key, partition=partition))

    def checked(self, key: dg.AssetKey, name: str, *, passed: bool) -> None:
        self.instance.report_runless_asset_event(
            dg.AssetCheckEvaluation(asset_key=key, check_name=name, passed=passed, blocking=True)
        )

    def run_chain(self) -> None:
        """What a run of the chain would leave behind."""
        for key in (PROFILES, SCORES, AFFINITIES, AUDIENCES, *EXPORTS, REPORT):
            self.made(key)
        self.checked(PROFILES, "every_profile_has_an_identifier", passed=True)


@pytest.fixture(scope="module")
def definitions() -> dg.Definitions:
    """The project that writes back, with so many partitions."""
    from sf_elt.definitions import defs

    start = datetime.now(UTC).date() - timedelta(days=PARTITIONS - 1)
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("SF_ELT_START", start.isoformat())
        monkeypatch.setenv("SF_ELT_WRITE_BACK", "true")
        return defs()


@pytest.fixture
def ticks(definitions: dg.Definitions) -> Iterator[Ticks]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield Ticks(definitions, instance)


def days(ticks: Ticks) -> list[str]:
    graph = ticks.definitions.resolve_asset_graph()
    partitions = graph.get(LEADS).partitions_def
    assert partitions is not None
    return list(partitions.get_partition_keys())


def test_one_new_partition_runs_the_chain_once(ticks: Ticks) -> None:
    """New data in one partition of one stream asks for the whole chain in the next tick, and then for nothing."""
    assert ticks.tick() == set()
    ticks.made(LEADS, days(ticks)[-1:])
    assert ticks.tick() == CHAIN
    ticks.run_chain()
    assert ticks.tick() == set()


def test_events_wait_for_the_first_profiles(ticks: Ticks) -> None:
    """Where a failed check or a long first read keeps profiles waiting, no run begins that fails without them."""
    assert ticks.tick() == set()
    ticks.checked(LEADS, "id_unique", passed=False)
    ticks.made(dg.AssetKey(["streams", "web_events"]))
    assert ticks.tick() == set()
    ticks.checked(LEADS, "id_unique", passed=True)
    ticks.made(LEADS, days(ticks)[-1:])
    assert ticks.tick() == CHAIN


def test_a_backfill_of_all_partitions_runs_the_chain_once(ticks: Ticks) -> None:
    """After a backfill of all of history, though the other streams have none yet: the chain once, not once for each."""
    assert ticks.tick() == set()
    ticks.made(LEADS, days(ticks))
    assert ticks.tick() == CHAIN
    ticks.run_chain()
    assert ticks.tick() == set()
    ticks.made(LEADS, days(ticks)[:1])
    assert ticks.tick() == CHAIN


@pytest.mark.parametrize("passed", [True, False])
def test_only_checked_profiles_are_exported(ticks: Ticks, passed: bool) -> None:
    """Audiences made from profiles whose blocking check failed are not written into the org; the report is made."""
    assert ticks.tick() == set()
    for key in (PROFILES, SCORES, AFFINITIES, AUDIENCES):
        ticks.made(key)
    ticks.checked(PROFILES, "every_profile_has_an_identifier", passed=passed)
    assert ticks.tick() == ({*EXPORTS, REPORT} if passed else {REPORT})


def test_nothing_is_built_on_a_stream_whose_check_failed(ticks: Ticks) -> None:
    """Rows that came twice, or not as many as the org counted, reach no profile until a later read is right."""
    assert ticks.tick() == set()
    ticks.checked(LEADS, "id_unique", passed=False)
    ticks.made(LEADS, days(ticks)[-1:])
    assert ticks.tick() == set()
    ticks.checked(LEADS, "id_unique", passed=True)
    ticks.made(LEADS, days(ticks)[-1:])
    assert ticks.tick() == CHAIN


def test_the_report_is_made_daily_too(ticks: Ticks) -> None:
    """Where nothing comes any more, somebody must be told: daily at five, once, and not before it was first made."""
    ticks.now = datetime(2026, 11, 22, 4, 58, 30, tzinfo=UTC)
    assert [ticks.tick() for _ in range(3)] == [set()] * 3
    ticks.made(REPORT)
    ticks.now = datetime(2026, 11, 23, 4, 58, 30, tzinfo=UTC)
    asked = []
    for _ in range(3):
        asked.append(ticks.tick())
        if REPORT in asked[-1]:
            ticks.made(REPORT)
    assert asked == [set(), {REPORT}, set()]
