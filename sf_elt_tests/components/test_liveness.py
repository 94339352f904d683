"""Runs whose process has ended without a word are found out, and keep nobody waiting."""

import errno
import fcntl
import os
import platform
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import Mock

import dagster as dg
import pytest
from dagster._core.execution.api import execute_run_iterator
from dagster._core.launcher.base import WorkerStatus

from sf_elt import liveness
from sf_elt.components.executors import in_process_or_multiprocess
from sf_elt.liveness import FOLDER, WatchfulLauncher, alive, end_the_dead, has_ended
from sf_elt_tests.pages import ROOT

POOL, RUN = "duckdb", "3f2c1d60-6a3c-4b6b-8f55-0f6f4f8f6a01"


@dg.op(pool=POOL)
def look(context: dg.OpExecutionContext) -> str:
    """Says whether others know that this run lives."""
    file = Path(context.instance.storage_directory()) / FOLDER / context.run_id
    return f"there: {file.exists()}, ended: {has_ended(context.instance, context.run_id)}"


@dg.job(executor_def=in_process_or_multiprocess)
def looking() -> None:
    """A run of one step, in the pool of writers."""
    look()


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dg.DagsterInstance]:
    """With the project's own pools and launcher."""
    tmp_path = tmp_path_factory.mktemp("dagster")
    settings = (ROOT / "dagster.yaml").read_text("utf-8").replace("data/dagster", str(tmp_path / "state"))
    (tmp_path / "dagster.yaml").write_text(settings, "utf-8")
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        yield instance


def test_a_run_that_was_killed_is_failed_and_its_slot_free(instance: dg.DagsterInstance) -> None:
    """Dagster's daemon hears it from the launcher; where there is none, the next run sees to it, and does not wait."""
    run = instance.add_run(dg.DagsterRun("killed", run_id=RUN, status=dg.DagsterRunStatus.STARTED))
    launcher = instance.run_launcher
    assert isinstance(launcher, WatchfulLauncher)
    assert launcher.check_run_worker_health(run).status == WorkerStatus.RUNNING  # it has not begun
    instance.event_log_storage.initialize_concurrency_limit_to_default(POOL)
    with _in_another_process(instance):
        assert instance.event_log_storage.claim_concurrency_slot(POOL, RUN, "step").is_claimed
        assert launcher.check_run_worker_health(run).status == WorkerStatus.RUNNING
    assert launcher.check_run_worker_health(run).status == WorkerStatus.FAILED
    with dg.execute_job(dg.reconstructable(looking), instance) as done:
        assert done.success
        assert done.output_for_node("look") == "there: True, ended: False"
    dead = instance.get_run_by_id(RUN)
    assert dead is not None
    assert dead.status == dg.DagsterRunStatus.FAILURE
    assert instance.event_log_storage.get_concurrency_run_ids() == set()


def test_what_ends_as_it_should_leaves_nothing(instance: dg.DagsterInstance) -> None:
    """But where Dagster's own disk is full, its exception ends the process, and nothing else says that the run has."""
    other = RUN[::-1]
    with alive(instance, other):
        assert not has_ended(instance, other)
    assert not (Path(instance.storage_directory()) / FOLDER / other).exists()
    with pytest.raises(OSError, match="full"), alive(instance, other):
        raise OSError("the disk is full")
    assert has_ended(instance, other)


def test_a_file_system_without_locks_ends_no_run(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As some network shares have none: the run goes on, and counts as alive."""
    folder = Path(instance.storage_directory()) / FOLDER
    before = set(folder.glob("*"))
    monkeypatch.setattr(fcntl, "flock", Mock(side_effect=OSError(errno.ENOLCK, "No locks available")))
    with alive(instance, "unlocked"):
        assert set(folder.glob("*")) == before
        assert not has_ended(instance, "unlocked")
    assert "No locks available" in caplog.text


@pytest.mark.parametrize(
    ("written_by", "kind", "ends"),
    [
        ("another", "nfs4", False),  # with local_lock=flock its lock is not seen here
        ("another", "ext4", True),  # this machine, before it was started again
        ("this", "nfs4", True),
        ("an earlier version", "nfs4", False),
        ("an earlier version", "ext4", True),
    ],
)
def test_a_run_of_another_machine_is_not_ended(
    instance: dg.DagsterInstance,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    written_by: str,
    kind: str,
    ends: bool,
) -> None:
    """On a network share its lock may be free to us; it is named instead, for it keeps a slot that others wait for."""
    run_id, storage = f"of-{written_by}-on-{kind}", instance.event_log_storage
    instance.add_run(dg.DagsterRun("elsewhere", run_id=run_id, status=dg.DagsterRunStatus.STARTED))
    storage.initialize_concurrency_limit_to_default(POOL)
    monkeypatch.setattr(liveness, "_MOUNTS", tmp_path / "mounts")
    (tmp_path / "mounts").write_text(
        f"1 0 8:1 / / rw - zfs a rw\n2 1 0:9 / {instance.storage_directory()} rw,relatime shared:1 - {kind} b rw\n"
    )
    if written_by == "another":
        (tmp_path / "boot").write_text("d2f1\n")
    with monkeypatch.context() as there:
        if written_by == "another":
            there.setattr(liveness, "_BOOT", tmp_path / "boot")
            there.setattr(platform, "node", lambda: "far-away")
        with pytest.raises(OSError, match="cut"), alive(instance, run_id):
            raise OSError("the power is cut")
    if written_by == "an earlier version":
        (Path(instance.storage_directory()) / FOLDER / run_id).write_bytes(b"")
    assert storage.claim_concurrency_slot(POOL, run_id, "step").is_claimed
    assert has_ended(instance, run_id) is ends
    end_the_dead(instance)
    assert storage.get_concurrency_run_ids() == (set() if ends else {run_id})
    assert (f"run {run_id} has a slot" in caplog.text) is not ends
    assert ("(far-away)" in caplog.text) is (written_by == "another" and not ends)
    storage.free_concurrency_slots_for_run(run_id)


def test_containers_of_one_machine_see_each_others_locks(
    instance: dg.DagsterInstance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They have one kernel, and names of their own: the daemon's ends what has died in that of the runs."""
    monkeypatch.setattr(liveness, "_MOUNTS", tmp_path / "there is none, so it may be a network share")
    with monkeypatch.context() as there:
        there.setattr(platform, "node", lambda: "0f3c9a")
        with _in_another_process(instance):
            assert not has_ended(instance, RUN)
    assert has_ended(instance, RUN)


def test_a_signal_ends_a_run_that_waits_for_its_turn(instance: dg.DagsterInstance) -> None:
    """Dagster only notes the signal until a step begins, and here none does: it would wait as long as another runs."""
    held, storage = RUN.replace("3", "4"), instance.event_log_storage
    instance.add_run(dg.DagsterRun("at work", run_id=held, status=dg.DagsterRunStatus.STARTED))
    storage.initialize_concurrency_limit_to_default(POOL)
    run, messages = instance.create_run_for_job(looking), list[str]()
    with alive(instance, held), _no_longer_than(60):
        assert storage.claim_concurrency_slot(POOL, held, "step").is_claimed
        for event in execute_run_iterator(dg.reconstructable(looking), run, instance):
            messages.append(event.message or "")
            if "blocked by" in messages[-1]:
                os.kill(os.getpid(), signal.SIGTERM)
    assert any("blocked by" in message for message in messages)
    assert not any("Started execution of step" in message for message in messages)
    ended = instance.get_run_by_id(run.run_id)
    assert ended is not None
    assert ended.status == dg.DagsterRunStatus.FAILURE
    assert storage.get_concurrency_run_ids() == {held}
    storage.free_concurrency_slots_for_run(held)


@contextmanager
def _no_longer_than(seconds: int) -> Iterator[None]:
    before = signal.signal(signal.SIGALRM, _too_long)
    signal.alarm(seconds)
    try:
        yield
    finally:
        left = signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
    assert left, "it would still wait"  # the run takes the exception for its own


def _too_long(*_: object) -> None:
    raise TimeoutError("it still waits")


@contextmanager
def _in_another_process(instance: dg.DagsterInstance) -> Iterator[None]:
    """A process that works on the run until it is killed, at the end of the block."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        with alive(instance, RUN):
            os.write(writer, b"1")
            signal.pause()
    try:
        os.close(writer)
        assert os.read(reader, 1) == b"1"
        yield
    finally:
        os.close(reader)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
