"""Runs whose process has ended without a word: they are marked as failed, and what they held is free again.

A run has a lock on a file of its own for as long as its process lives; the kernel takes that back, however it ends.
On a network share a lock may count on its own machine alone, so the file says which one that is: nobody ends the run of
another machine.
Dagster by itself asks nobody: after a power cut a run would be "started" for ever, and keep the only slot of the pool
from every other. So its daemon is told by the launcher that dagster.yaml names, every half minute; and each run looks
before it begins, for where there is no daemon.
"""

import fcntl
import json
import logging
import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self
from uuid import uuid4

import dagster as dg
from dagster._core.execution.context.system import PlanOrchestrationContext
from dagster._core.execution.plan.plan import ExecutionPlan
from dagster._core.execution.retries import RetryMode
from dagster._core.execution.step_dependency_config import StepDependencyConfig
from dagster._core.launcher.base import CheckRunHealthResult, WorkerStatus
from dagster._core.launcher.default_run_launcher import DefaultRunLauncher

log = logging.getLogger(__name__)

FOLDER = "running"  # in Dagster's storage, which all its processes share
FORGOTTEN = 7 * 86_400.0  # seconds after which nobody asks for a run any more
ENDED = "The run's process has ended without a word: it was killed, or the machine stopped."

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_MOUNTS = Path("/proc/self/mountinfo")
_OF_ONE_MACHINE = (
    "ext2",
    "ext3",
    "ext4",
    "xfs",
    "btrfs",
    "bcachefs",
    "zfs",
    "f2fs",
    "jfs",
    "overlay",
    "tmpfs",
    "ramfs",
)
"""File systems that only one machine can have open at a time: whoever sees such a file sees all locks on it."""


@dataclass(frozen=True)
class Machine:
    """Where a run's process lives. All containers of a machine have one kernel, and see each other's locks."""

    boot: str
    name: str = field(compare=False)  # for people: that of the container, where it is in one

    @classmethod
    def this(cls) -> Self:
        name = platform.node()
        try:
            return cls(_BOOT.read_text("ascii").strip(), name)
        except OSError:  # not Linux
            return cls(name, name)

    @classmethod
    def that_wrote(cls, file: Path) -> Self | None:
        """The machine of a run's file; None where it does not say, as one of an earlier version."""
        try:
            return cls(**json.loads(file.read_bytes()))
        except (OSError, ValueError, TypeError):
            return None


class WatchfulLauncher(DefaultRunLauncher):
    """Dagster's own launcher, which also knows whether the process of a run still lives: `run_launcher` of
    dagster.yaml. A run that has left no file, as one that has not begun its steps, counts as alive.
    """

    @property
    def supports_check_run_worker_health(self) -> bool:
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        if has_ended(self._instance, run.run_id):
            return CheckRunHealthResult(WorkerStatus.FAILED, ENDED)
        return CheckRunHealthResult(WorkerStatus.RUNNING)


class AliveExecutor(dg.Executor):
    """Executes as another executor does, while others know that the run's process lives; first it ends the dead."""

    def __init__(self, executor: dg.Executor) -> None:
        self._executor = executor

    @property
    def retries(self) -> RetryMode:
        return self._executor.retries

    @property
    def step_dependency_config(self) -> StepDependencyConfig:
        return self._executor.step_dependency_config

    def execute(
        self, plan_context: PlanOrchestrationContext, execution_plan: ExecutionPlan
    ) -> Iterator[dg.DagsterEvent]:
        instance = plan_context.instance
        end_the_dead(instance)
        with alive(instance, plan_context.run_id):
            yield from self._executor.execute(plan_context, execution_plan)


@contextmanager
def alive(instance: dg.DagsterInstance, run_id: str) -> Iterator[None]:
    """Others know, until the end of the block, that this process works on the run."""
    file = _file(instance, run_id)
    try:
        descriptor = _locked(file)
    except OSError as error:  # the disk is full, or its file system has no locks: nothing that ends the run
        log.warning("nobody will know whether this run lives: %s", error)
        yield
        return
    try:
        yield
        file.unlink(missing_ok=True)  # not after an exception: Dagster's storage may be what has failed
    finally:
        os.close(descriptor)


def _locked(file: Path) -> int:
    """Makes the file, which is locked from its first moment on, for as long as the descriptor is open."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _sweep(file.parent)
    new = file.with_name(f".{uuid4().hex}")
    descriptor = os.open(new, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        with suppress(OSError):  # a full disk has room for a file that says nothing, and a lock is what counts
            os.write(descriptor, json.dumps(asdict(Machine.this())).encode())
        new.replace(file)
    except OSError:
        os.close(descriptor)
        new.unlink(missing_ok=True)
        raise
    return descriptor


def has_ended(instance: dg.DagsterInstance, run_id: str) -> bool:
    """Whether the run had begun its steps in a process that is no more. Not so where nobody can tell."""
    file = _file(instance, run_id)
    return _is_let_go(file) and not _is_of_another_machine(file)


def end_the_dead(instance: dg.DagsterInstance) -> None:
    """Marks the runs as failed that have a slot of a pool, or wait for one, in a process that is no more; frees it."""
    if not instance.event_log_storage.supports_global_concurrency_limits:
        return
    for run_id in instance.event_log_storage.get_concurrency_run_ids():
        if not has_ended(instance, run_id):
            _tell_of_another_machine(instance, run_id)
            continue
        run = instance.get_run_by_id(run_id)
        if run is not None and not run.is_finished:
            instance.report_run_failed(run, ENDED)
        instance.event_log_storage.free_concurrency_slots_for_run(run_id)


def _file(instance: dg.DagsterInstance, run_id: str) -> Path:
    return Path(instance.storage_directory()) / FOLDER / run_id


def _tell_of_another_machine(instance: dg.DagsterInstance, run_id: str) -> None:
    """Nobody here can know whether it lives, and a pool may wait for it."""
    file = _file(instance, run_id)
    if file.exists() and _is_of_another_machine(file):
        machine = Machine.that_wrote(file)
        log.warning(
            "run %s has a slot of a pool, or waits for one, on another machine (%s), or before this one was started "
            "again. Where it is no more, end it in Dagster's UI: Runs › %s › Terminate › Force termination",
            run_id,
            machine.name if machine else "unknown",
            run_id,
        )


def _is_of_another_machine(file: Path) -> bool:
    """Whether the file's lock may be one that this machine does not see."""
    return not _is_on_one_machine(file.parent) and Machine.that_wrote(file) != Machine.this()


def _is_on_one_machine(folder: Path) -> bool:
    """Whether no other machine can have the folder's file system open; not so where the system does not say."""
    try:
        mounts = [line.split(" ") for line in _MOUNTS.read_text("utf-8", "surrogateescape").splitlines()]
    except OSError:
        return False
    # proc(5): the fifth is where it is mounted, and the kind comes after a hyphen. Of two at one place the last counts.
    kinds = {each[4].replace(r"\040", " "): each[each.index("-") + 1] for each in mounts}
    there = folder.resolve()
    return next((kinds[str(each)] for each in (there, *there.parents) if str(each) in kinds), "") in _OF_ONE_MACHINE


def _is_let_go(file: Path) -> bool:
    try:
        descriptor = os.open(file, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return False
    else:
        return True
    finally:
        os.close(descriptor)


def _sweep(folder: Path) -> None:
    """Removes what runs have left that ended without a word long ago."""
    for file in folder.iterdir():
        with suppress(FileNotFoundError):  # another run has ended meanwhile
            if file.stat().st_mtime < time.time() - FORGOTTEN and _is_let_go(file):
                file.unlink()
