"""EventImport in Dagster: a folder is watched by a sensor, and what the sensor asks for reads it."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest import mock

import dagster as dg
import pytest

from sf_elt.components import EventImport
from sf_elt.components.events.event_watch import look
from sf_elt.components.resources import WarehouseResource
from sf_elt.streams.events.files import SETTLED
from sf_elt_tests.components.conftest import QUIET

ROW = '{"occurred_at": "2026-01-01"}\n'
KEY = dg.AssetKey(["streams", "app_events"])
JOB = "app_events_import"


@dataclass
class Watched:
    """A folder under a sensor, which looks at the time `now`."""

    folder: Path
    instance: dg.DagsterInstance
    component: EventImport
    now: datetime
    cursor: str | None = None

    def look(self) -> dg.SensorResult | dg.SkipReason:
        """One tick of the sensor, whose cursor is kept as Dagster would keep it."""
        context = dg.build_sensor_context(instance=self.instance, cursor=self.cursor)
        found = look(context, self.component.spec, JOB, lambda: self.now)
        if isinstance(found, dg.SensorResult):
            self.cursor = found.cursor
        return found

    def asks(self) -> bool:
        found = self.look()
        return isinstance(found, dg.SensorResult) and len(found.run_requests or []) == 1

    def built(self) -> dg.Definitions:
        """What the component makes, as the only one of its project."""
        tree = dg.ComponentTree.for_test()
        with mock.patch.object(tree, "get_all_components", return_value=[self.component]):
            return self.component.build_defs(tree.load_context)

    def run(self) -> dict[str, object]:
        """The sensor's job, run by Dagster, and what it says of itself."""
        built = self.built()
        definitions = dg.Definitions.merge(built, dg.Definitions(resources={"warehouse": WarehouseResource()}))
        result = definitions.resolve_job_def(JOB).execute_in_process(
            instance=self.instance, run_config=QUIET, raise_on_error=False
        )
        (said,) = result.asset_materializations_for_node("import_app_events")
        return {name: value.value for name, value in said.metadata.items()}


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watched]:
    monkeypatch.setenv("SF_ELT_DATA", str(tmp_path / "warehouse"))
    folder = tmp_path / "events"
    folder.mkdir()
    component = EventImport(stream="app_events", paths=[str(folder)], watch=True)
    with dg.DagsterInstance.ephemeral() as instance:
        yield Watched(folder, instance, component, datetime.now(UTC))


def test_the_sensor_asks_once_for_what_is_new_and_the_job_reads_it(watched: Watched) -> None:
    """A new file, a grown one, a second one; nothing when nothing has changed."""
    assert not watched.asks()
    (watched.folder / "a.jsonl").write_text(ROW)
    assert (watched.asks(), watched.asks()) == (True, False)
    assert watched.run()["rows_new"] == 1
    with (watched.folder / "a.jsonl").open("a") as file:
        file.write(ROW + "broken\n")
    (watched.folder / "b.csv").write_text("occurred_at\n2026-01-01\n")
    assert (watched.asks(), watched.asks()) == (True, False)
    said = watched.run()
    assert (said["rows_new"], said["rows_set_aside"], said["dagster/row_count"]) == (2, 1, 3)


def test_the_sensor_asks_again_for_a_last_line_that_waited(watched: Watched) -> None:
    """Once the file has been left alone; a file that ended in a line break is not asked for again."""
    (watched.folder / "a.csv").write_text("occurred_at\n2026-01-01\n")
    assert watched.asks()
    watched.now += 2 * SETTLED
    assert not watched.asks()
    watched.now -= 2 * SETTLED
    with (watched.folder / "a.csv").open("a") as file:
        file.write("2026-01-02")
    assert watched.asks()
    said = watched.run()
    assert (said["rows_new"], said["files_waiting"]) == (1, 1)
    watched.now += 2 * SETTLED
    assert (watched.asks(), watched.asks()) == (True, False)


def test_a_file_that_is_being_copied_counts_when_it_has_come_to_rest(watched: Watched) -> None:
    """Half a Parquet or gzip file cannot be read."""
    (watched.folder / "a.parquet").write_bytes(b"PAR1")
    assert not watched.asks()
    watched.now += 2 * SETTLED
    assert watched.asks()


def test_the_sensor_waits_while_a_run_goes_on(watched: Watched) -> None:
    """What came in meanwhile is asked for after it."""
    (watched.folder / "a.jsonl").write_text(ROW)
    run = watched.instance.create_run_for_job(_a_job(), status=dg.DagsterRunStatus.STARTED)
    found = watched.look()
    assert isinstance(found, dg.SkipReason)
    assert "is running" in str(found.skip_message)
    watched.instance.report_run_canceled(run)
    assert watched.asks()


def test_a_look_at_files_that_rest_opens_none(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names, sizes and times are all it takes."""
    file = watched.folder / "a.jsonl"
    file.write_text(ROW)
    long_ago = (watched.now - timedelta(days=1)).timestamp()
    os.utime(file, (long_ago, long_ago))
    monkeypatch.setattr(Path, "open", _refuse)
    assert (watched.asks(), watched.asks()) == (True, False)


def test_a_missing_folder_is_said(watched: Watched) -> None:
    """The sensor says which, and goes on looking."""
    watched.folder.rmdir()
    found = watched.look()
    assert isinstance(found, dg.SkipReason)
    assert str(watched.folder) in str(found.skip_message)


def test_the_yaml_decides_on_schedule_and_sensor(watched: Watched) -> None:
    """`watch` brings the sensor, `keep_updated` the schedule; a column that events do not have is refused."""
    built = watched.built()
    assert [each.name for each in built.sensors or []] == ["app_events_watch"]
    assert [each.name for each in built.schedules or []] == ["app_events_keep_updated"]
    with pytest.raises(ValueError, match="no column 'mail'"):
        EventImport(stream="app_events", paths=["x"], columns={"mail": "user.email"})


def _a_job() -> dg.JobDefinition:
    @dg.op
    def nothing() -> None: ...

    @dg.job(name=JOB)
    def job() -> None:
        nothing()

    return job


def _refuse(*_arguments: object, **_options: object) -> Callable[[], None]:
    raise AssertionError("a file was opened")
