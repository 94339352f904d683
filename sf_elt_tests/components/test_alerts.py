"""Alerts, as Dagster's own sensors send them: evaluated as its daemon does, on runs that really fail."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from textwrap import dedent
from typing import NoReturn

import dagster as dg
import pytest
from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteInstigatorOrigin, RemoteRepositoryOrigin
from dagster._core.scheduler.instigation import InstigatorState, InstigatorStatus, InstigatorType, TickData, TickStatus
from dagster._utils.error import SerializableErrorInfo

from sf_elt.alerts import Finding, IncidentBook, Occurrence, Subject, notices
from sf_elt.components.alerts import failed_runs, watch
from sf_elt.components.alerts.alerts import FAILED_RUNS, WATCH
from sf_elt.components.alerts.failed_checks import failed_checks
from sf_elt.components.alerts.failed_ticks import failed_ticks
from sf_elt.components.alerts.stuck_runs import stuck_runs
from sf_elt.components.alerts.watch import tick_before
from sf_elt.components.frequency import timetable
from sf_elt.components.resources import WarehouseResource, open_warehouse
from sf_elt.components.wrong_yaml import WrongYaml, yaml_told_plainly
from sf_elt.warehouse import CallLedger, Warehouse, WarehouseBusy
from sf_elt_tests.alerts.receivers import Hook, http_receiver
from sf_elt_tests.components.conftest import QUIET
from sf_elt_tests.components.projects import CONNECTION
from sf_elt_tests.components.test_yaml import PYPROJECT

IMPORT = """
type: sf_elt.components.SalesforceImport
attributes:
  name: salesforce
  connection: salesforce
  objects: [{object: Lead}]
  start: "2026-01-01"
  max_daily_api_calls: 10
"""

ALERTS = """
type: sf_elt.components.Alerts
attributes:
  webhook: {url_env: HOOK}
  settle_minutes: 0
"""

DAYS = dg.DailyPartitionsDefinition("2026-11-01", end_date="2026-11-20")


class OrgIsDown(Exception):
    """What a run fails of, with words that nobody must read elsewhere."""


class Later(datetime):
    """A clock that is ahead by more than a day."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:
        return datetime.now(tz) + timedelta(hours=25)


broken: set[str] = set()


@dg.multi_asset(
    name="make",
    specs=[dg.AssetSpec(each, partitions_def=DAYS, skippable=True) for each in ("leads", "contacts")],
    can_subset=True,
)
def make(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult]:
    """Makes both for a day, unless that is broken; on a `paused` one it makes nothing, and fails nothing."""
    if context.partition_key in broken:
        raise OrgIsDown("jane@example.com could not be read")
    if "paused" not in broken:
        for key in context.selected_asset_keys:
            yield dg.MaterializeResult(asset_key=key)


@dg.asset(
    check_specs=[
        dg.AssetCheckSpec("fits", asset="scores", description="Every score fits."),
        dg.AssetCheckSpec("whole", asset="scores", blocking=True),
    ]
)
def scores() -> dg.MaterializeResult:
    """Makes it; those checks fail that are `broken`, with words that nobody must read elsewhere."""
    results = [
        dg.AssetCheckResult(check_name=each, passed=each not in broken, description="jane@example.com")
        for each in ("fits", "whole")
    ]
    return dg.MaterializeResult(check_results=results)


@dataclass
class Watched:
    """A deployment with Alerts, whose sensors are asked one tick after the other."""

    definitions: dg.Definitions
    instance: dg.DagsterInstance
    hook: Hook
    cursor: str | None = None

    def run(self, day: int, *, fails: bool = False, tags: dict[str, str] | None = None) -> None:
        key = f"2026-11-{day:02}"
        (broken.add if fails else broken.discard)(key)
        made = dg.materialize(
            [make], partition_key=key, instance=self.instance, raise_on_error=False, run_config=QUIET, tags=tags
        )
        assert made.success is not fails

    def failed(self) -> None:
        """A tick of the sensor of failed runs, from where its last one ended."""
        sensor = self.definitions.resolve_sensor_def(FAILED_RUNS)
        self.cursor = sensor.evaluate_tick(self._context(self.cursor)).cursor

    def look(self) -> str:
        """A tick of the other one; what it says of itself."""
        sensor = self.definitions.resolve_sensor_def(WATCH)
        return sensor.evaluate_tick(self._context(None)).skip_message or ""

    @property
    def told(self) -> list[str]:
        return [f"{each['event']}: {each['title']}" for each in self.hook.got]

    def _context(self, cursor: str | None) -> dg.SensorEvaluationContext:
        repository = self.definitions.get_repository_def()
        return dg.build_sensor_context(self.instance, cursor=cursor, repository_def=repository)


@pytest.fixture(scope="module")
def hook_of_module() -> Iterator[Hook]:
    with http_receiver() as hook:
        yield hook


@pytest.fixture(scope="module")
def loaded_with_alerts(tmp_path_factory: pytest.TempPathFactory) -> dg.Definitions:
    return load(tmp_path_factory.mktemp("with_alerts"), ALERTS)


def load(folder: Path, *components: str) -> dg.Definitions:
    """A project of an import, two assets, and these components."""
    module = f"alerts_{abs(hash(str(folder)))}"
    defs = folder / module / "defs"
    (defs / "all").mkdir(parents=True)
    (folder / "pyproject.toml").write_text(PYPROJECT.format(module=module), "utf-8")
    for package in (defs.parent, defs):
        (package / "__init__.py").touch()
    documents = [CONNECTION, IMPORT, *map(dedent, components)]
    (defs / "all" / "defs.yaml").write_text("---\n".join(documents), "utf-8")
    with pytest.MonkeyPatch.context() as monkeypatch, yaml_told_plainly(defs):
        monkeypatch.syspath_prepend(str(folder))
        return dg.Definitions.merge(
            dg.load_from_defs_folder(path_within_project=defs.parent),
            dg.Definitions(assets=[make, scores], resources={"warehouse": WarehouseResource()}),
        )


@pytest.fixture
def watched(
    loaded_with_alerts: dg.Definitions, hook_of_module: Hook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Watched]:
    for each in (hook_of_module.got, hook_of_module.headers, hook_of_module.answers):
        each.clear()
    broken.clear()
    for name in [name for name in os.environ if name.startswith("SALESFORCE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("SF_ELT_DATA", str(tmp_path / "warehouse"))
    monkeypatch.setenv("HOOK", hook_of_module.address)
    with dg.DagsterInstance.ephemeral() as instance:
        watched = Watched(loaded_with_alerts, instance, hook_of_module)
        watched.failed()
        yield watched


def test_failing_partitions_are_one_message_until_each_is_made(watched: Watched) -> None:
    """Two days fail, one in between goes well: one message; it is over when both have been made, not before."""
    for day, fails in ((1, True), (2, False), (3, True)):
        watched.run(day, fails=fails)
        watched.failed()
        watched.look()
    assert watched.told == ["opened: Failed: contacts and 1 more"]
    (first,) = watched.hook.got
    assert first["facts"] == [
        "contacts: OrgIsDown, partition 2026-11-01.", "leads: OrgIsDown, partition 2026-11-01.",
    ]  # fmt: skip
    assert "jane" not in str(first)
    watched.run(1)
    assert watched.look() == "1 incident open"
    watched.run(3)
    watched.look()
    assert watched.told[1:] == ["over: Over: Failed: contacts and 1 more"]


def test_of_a_thousand_failed_partitions_one_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last one, which a backfill makes last, once the asset was made at all; of a failure that is over, none.

    A tick has a minute.
    """
    asked: list[str | None] = []
    monkeypatch.setattr(failed_runs, "_is_made", lambda _, __, partition, ___: asked.append(partition))
    now = datetime.now(UTC)
    failed = tuple(Occurrence(f"run {day}", now, (f"day {day}", f"day {day}")) for day in range(1000))
    subjects = [Subject("leads", "OrgIsDown.", None, is_over, failed) for is_over in (False, True)]
    with dg.DagsterInstance.ephemeral() as instance:
        for wanted in ([], ["day 999"]):
            assert [*failed_runs.made_again(instance, subjects, [dg.AssetKey("leads")], now)] == []
            assert asked == wanted
            instance.report_runless_asset_event(dg.AssetMaterialization("leads", partition="day 3"))


def test_the_same_failure_every_hour_is_one_incident(watched: Watched) -> None:
    """A daemon that restarts, and sees the last run once more, sends nothing; the runs are counted."""
    before = watched.cursor
    for _ in range(2):
        watched.run(5, fails=True)
    watched.failed()
    watched.cursor = before
    watched.failed()
    assert watched.told == ["opened: Failed: contacts and 1 more"]
    (incident,) = IncidentBook.of(open_warehouse()).incidents()
    assert incident.times == 2


def test_a_pause_is_no_failure_and_ends_none(watched: Watched) -> None:
    """A run that goes well and makes nothing, as one out of API calls, is not told, and no success."""
    broken.add("paused")
    watched.run(6)
    watched.failed()
    assert watched.told == []
    watched.run(6, fails=True)
    watched.failed()
    watched.run(6)
    assert watched.look() == "1 incident open"
    broken.clear()
    watched.run(6)
    watched.look()
    assert len(watched.told) == 2


def test_a_check_that_does_not_hold_is_told_until_it_does(watched: Watched) -> None:
    """With what it checks, and not with what it found; a warning is none. One that blocks is told with its run."""
    for failing, titles in (
        ({"fits"}, ["opened: A check does not hold: scores, fits"]),
        ({"whole"}, ["opened: Failed: scores", "over: Over: A check does not hold: scores, fits"]),
        (set[str](), ["over: Over: Failed: scores"]),
    ):
        watched.hook.got.clear()
        broken.clear()
        broken.update(failing)
        dg.materialize([scores], instance=watched.instance, raise_on_error=False, run_config=QUIET)
        watched.failed()
        watched.look()
        assert watched.told == titles
        assert "jane" not in str(watched.hook.got)
        if failing == {"fits"}:
            assert watched.hook.got[0]["facts"] == ["scores, fits: this does not hold: Every score fits."]
            (failed,) = watched.instance.get_runs()
            _plan_again(watched)
            (found,) = failed_checks(watched.instance, watched.definitions.get_repository_def())
            assert found.run_id == failed.run_id
        if failing == {"whole"}:
            assert watched.hook.got[0]["facts"] == ["scores: blocked by whole."]


def _plan_again(watched: Watched) -> None:
    """A run that makes the scores has begun, and has not come to their checks."""
    job = dg.define_asset_job("all_scores", [scores]).resolve(asset_graph=watched.definitions.resolve_asset_graph())
    watched.instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED)


def test_runs_that_do_not_go_on_are_told_as_one(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    """A queue that nothing leaves for six hours, and a run that is silent for as long; no run that says something."""
    job = dg.define_asset_job("all_scores", [scores]).resolve(asset_graph=watched.definitions.resolve_asset_graph())
    for status in (*[dg.DagsterRunStatus.NOT_STARTED] * 2, dg.DagsterRunStatus.STARTED):
        watched.instance.create_run_for_job(job, status=status)
    speaks = watched.instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED).run_id
    said_at = (datetime.now(UTC) + timedelta(hours=24)).timestamp()
    watched.instance.handle_new_event(dg.EventLogEntry(None, 20, "half of it", speaks, said_at))
    found = list(stuck_runs(watched.instance, timedelta(hours=6), datetime.now(UTC) + timedelta(hours=5)))
    assert found == []
    monkeypatch.setattr(watch, "datetime", Later)
    watched.look()
    stuck, *_ = (each for each in watched.hook.got if each["kind"] == "stuck")
    assert str(stuck["title"]).endswith("and 1 more")
    silent, queue = sorted(stuck["facts"])
    assert queue == "the queue of runs: 2 runs wait, and none has started for 6 hours."
    assert silent.endswith("Is its process still there?")


def test_schedules_and_sensors_that_fail_are_told(loaded_with_alerts: dg.Definitions, tmp_path: Path) -> None:
    """A sensor whose last three ticks failed, by the class of its error; two are not enough, and one is gone."""
    repository, instance = loaded_with_alerts.get_repository_def(), dg.DagsterInstance.local_temp(str(tmp_path))
    here = RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("here"), repository.name)
    for name, failed in ((WATCH, 3), (FAILED_RUNS, 2), ("gone", 3)):
        state = InstigatorState(RemoteInstigatorOrigin(here, name), InstigatorType.SENSOR, InstigatorStatus.RUNNING)
        instance.add_instigator_state(state)
        for number in range(failed):
            instance.create_tick(
                TickData(
                    state.instigator_origin_id, name, InstigatorType.SENSOR, TickStatus.FAILURE, 1_000.0 + number,
                    error=SerializableErrorInfo("of jane@example.com", [], "OrgIsDown"), selector_id=state.selector_id,
                )
            )  # fmt: skip
    (found,) = failed_ticks(instance, repository)
    assert (found.subject, found.says) == (f"sensor {WATCH}", "its last 3 ticks failed: OrgIsDown.")


def test_a_run_that_dagster_starts_again_by_itself_is_not_told(watched: Watched) -> None:
    """Only the last of its tries is; nor is one that somebody has made again before anybody looked."""
    watched.run(7, fails=True, tags={"dagster/will_retry": "true"})
    watched.run(8, fails=True)
    watched.run(8)
    watched.failed()
    assert watched.told == []


def test_partitions_that_nobody_makes_again_are_let_go_of(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    """A day after the failure, where the asset has been made otherwise: else it would hide every later failure."""
    watched.run(8, fails=True)
    watched.failed()
    watched.run(9)
    assert watched.look() == "1 incident open"

    monkeypatch.setattr(watch, "datetime", Later)
    watched.look()
    assert "over: Over: Failed: contacts and 1 more" in watched.told


def test_calls_and_lags_are_told_by_the_other_sensor(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight of the import's ten calls; later the stream, which was never read, lags; each once, and over again."""
    ledger = CallLedger(open_warehouse().calls().file)
    for _ in range(8):
        ledger.reserve("import:salesforce", 10, "GET", "/query")
    watched.look()
    watched.look()
    assert watched.told == ["opened: API calls nearly used up: import:salesforce"]

    monkeypatch.setattr(watch, "datetime", Later)
    said = watched.look()
    assert said == "1 incident open; webhook: 2 sent"
    assert watched.told[1:] == [
        "over: Over: API calls nearly used up: import:salesforce", "opened: Not up to date: streams/salesforce_leads",
    ]  # fmt: skip


def test_lags_are_told_while_a_run_holds_the_warehouse(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    """By what Dagster's storage has of how far the stream was read; the tick says what it could not look at."""

    def busy(*_: object) -> None:
        raise WarehouseBusy("held")

    key, read_to = dg.AssetKey(["streams", "salesforce_leads"]), datetime.now(UTC)
    numbers = {"read_to": dg.MetadataValue.timestamp(read_to)}
    watched.instance.report_runless_asset_event(dg.AssetMaterialization(key, metadata=numbers))
    watched.look()
    monkeypatch.setattr(Warehouse, "read", busy)
    assert watched.look().startswith("a run is writing: refused records")
    assert watched.told == []
    monkeypatch.setattr(notices, "UNSEEN", timedelta(days=2))
    monkeypatch.setattr(watch, "datetime", Later)
    watched.look()
    assert watched.told == [
        "opened: Cannot be read: the warehouse", "opened: Not up to date: streams/salesforce_leads",
    ]  # fmt: skip
    assert f"read up to {read_to:%Y-%m-%d %H:%M} UTC" in str(watched.hook.got[1]["facts"])


def test_an_export_that_is_gone_is_told_of_no_more(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it refused stands in the warehouse for long: the incident ends with the export."""
    now = datetime.now(UTC)
    names = ("writeback/gone", "streams/salesforce_leads")
    monkeypatch.setattr(
        watch, "rises", lambda *_, **__: [Finding("refused", each, each, "30 records.", now) for each in names]
    )
    watched.look()
    assert watched.told == ["opened: More records refused than usual: streams/salesforce_leads"]


def test_a_tick_without_its_secret_says_which_and_keeps_the_message(
    watched: Watched, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The variable is named in the log; once it is set, the message goes."""
    monkeypatch.delenv("HOOK")
    watched.run(10, fails=True)
    watched.failed()
    watched.look()
    assert watched.told == []
    assert "webhook cannot be told anything: the environment variable HOOK is not set" in capsys.readouterr().err
    monkeypatch.setenv("HOOK", watched.hook.address)
    watched.look()
    assert len(watched.told) == 1


@pytest.mark.parametrize(
    ("moment", "frequency", "number", "tick"),
    [
        ("2026-11-22 12:30", "hourly", 1, "2026-11-22 12:00"),
        ("2026-11-22 12:30", "hourly", 2, "2026-11-22 11:00"),
        ("2026-11-23 06:00", "0 7 * * 1-5", 2, "2026-11-19 07:00"),
        ("2026-11-22 12:00", "weekly", 1, "2026-11-16 00:00"),
    ],
)
def test_ticks_are_those_of_the_schedule(moment: str, frequency: str, number: int, tick: str) -> None:
    """Over a weekend nothing lags that runs on weekdays only."""
    at = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    assert tick_before(timetable(frequency), at, number) == datetime.fromisoformat(tick).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("components", "said"),
    [
        (["type: sf_elt.components.Alerts\nattributes: {quota_share: 0.5}\n"], "needs a channel at least"),
        ([ALERTS, ALERTS], "there is more than one Alerts"),
        ([ALERTS + "  lag_hours_by_stream: {salesforce_lead: 5}\n"], "did you mean 'salesforce_leads'"),
        ([ALERTS + "  slack: {webhook_env: https://hooks.slack.com/T0}\n"], "webhook_env"),
        ([ALERTS + "  email: {to: ['a@b.c\\nBcc: d@e.f'], sender: a@b.c, host: h}\n"], "to"),
    ],
)
def test_wrong_yaml_is_told_with_its_place(tmp_path: Path, components: list[str], said: str) -> None:
    """A secret in the place of a variable's name, a line end in an address, a stream that there is none of, …"""
    with pytest.raises(WrongYaml, match=said) as error:
        load(tmp_path, *components)
    assert "defs.yaml:" in str(error.value)


def test_a_tick_that_fails_has_told_what_is_queued(
    watched: Watched, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Something unforeseen in looking keeps no message back, nor another look; an older warehouse fails no tick.

    The tick fails with the first of two errors, and the other is in its log.
    """

    def lost(*_: object) -> NoReturn:
        raise LookupError("no such stream")

    watched.run(11, fails=True)
    monkeypatch.delenv("HOOK")
    watched.failed()
    monkeypatch.setenv("HOOK", watched.hook.address)
    monkeypatch.setattr(watch, "quotas", lambda *_, **__: 1 / 0)
    leads = "streams/salesforce_leads"
    with monkeypatch.context() as meanwhile:
        refused = Finding("refused", leads, leads, "30 records.", datetime.now(UTC))
        meanwhile.setattr(watch, "rises", lambda *_, **__: [refused])
        meanwhile.setattr(watch, "expected", lost)
        with pytest.raises(ZeroDivisionError):
            watched.look()
    assert "LookupError: no such stream" in capfd.readouterr().err
    assert watched.told == ["opened: Failed: contacts and 1 more", f"opened: More records refused than usual: {leads}"]
    monkeypatch.setattr(watch, "quotas", lambda *_, **__: [])
    with open_warehouse().write() as connection:
        connection.execute("ALTER TABLE ops.event_files DROP COLUMN run_id")
    assert "an earlier version of sf_elt wrote this warehouse last" in watched.look()
