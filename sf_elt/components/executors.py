"""The executor: Dagster's own choice of two, with one process as the default, and a sign of life for each run."""

from typing import Any

import dagster as dg
from dagster._core.executor.in_process import InProcessExecutor

from sf_elt.components.in_turn import InTurnExecutor
from sf_elt.liveness import AliveExecutor

_TWO = dg.multi_or_in_process_executor


def _create(context: Any) -> dg.Executor:  # noqa: ANN401  as Dagster hands it on
    executor = _TWO.executor_creation_fn(context)  # type: ignore[misc]  # optional in general, not of this one
    if isinstance(executor, InProcessExecutor):
        executor = InTurnExecutor(executor.retries, executor.step_dependency_config)
    return AliveExecutor(executor)


in_process_or_multiprocess = dg.ExecutorDefinition(
    name="in_process_or_multiprocess",
    config_schema=dg.Field(_TWO.config_schema.config_type, default_value={"in_process": {}}),
    requirements=_TWO.get_requirements,
    executor_creation_fn=_create,
    description="All steps in the run's own process; a run that wants a process for each step says `multiprocess: {}`.",
)
"""Every step here writes to the same file, so more processes mostly wait for each other.

A run that wants them anyway: `execution: {config: {multiprocess: {max_concurrent: 2}}}`.
"""
