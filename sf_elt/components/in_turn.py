"""Steps in the run's own process whose wait for a slot of a pool ends with SIGTERM and Ctrl-C, and leaves the processor
to others.

Dagster notes a signal while it is not inside a step, and looks at the note when the next step begins. Its wait for a
slot looks at nothing and naps for no time at all: a run that waited could only be killed, and had a processor to itself
until then (Dagster 1.13).
"""

import os
from collections.abc import Iterator

import dagster as dg
from dagster._core.errors import DagsterExecutionInterruptedError
from dagster._core.events import EngineEventData
from dagster._core.execution.api import ExecuteRunWithPlanIterable
from dagster._core.execution.context.system import PlanExecutionContext, PlanOrchestrationContext
from dagster._core.execution.context_creation_job import PlanExecutionContextManager
from dagster._core.execution.plan.execute_plan import inner_plan_execution_iterator
from dagster._core.execution.plan.instance_concurrency_context import InstanceConcurrencyContext
from dagster._core.execution.plan.plan import ExecutionPlan
from dagster._core.executor.in_process import InProcessExecutor
from dagster._utils.interrupts import pop_captured_interrupt

NAP = 0.3  # seconds between two looks at what is waited for; Dagster asks its storage less often


class InTurnExecutor(InProcessExecutor):
    """Dagster's own, but for how it waits for a slot."""

    def execute(
        self, plan_context: PlanOrchestrationContext, execution_plan: ExecutionPlan
    ) -> Iterator[dg.DagsterEvent]:
        pid, keys = os.getpid(), execution_plan.step_keys_to_execute
        about = EngineEventData.in_process(pid, keys)
        yield dg.DagsterEvent.engine_event(plan_context, f"Executing steps in process (pid: {pid})", about)
        manager = PlanExecutionContextManager(
            job=plan_context.job,
            retry_mode=plan_context.retry_mode,
            execution_plan=plan_context.execution_plan,
            run_config=plan_context.run_config,
            dagster_run=plan_context.dagster_run,
            instance=plan_context.instance,
            raise_on_error=plan_context.raise_on_error,
            output_capture=plan_context.output_capture,
            step_dependency_config=self.step_dependency_config,
        )
        yield from iter(ExecuteRunWithPlanIterable(plan_context.execution_plan, _steps, manager))
        yield dg.DagsterEvent.engine_event(plan_context, f"Finished steps in process (pid: {pid})", about)


class _Turns(InstanceConcurrencyContext):
    """The slots that the run has and waits for."""

    def interval_to_next_pending_claim_check(self) -> float:
        """How long to nap now. Raises DagsterExecutionInterruptedError where a signal has come."""
        if pop_captured_interrupt():
            raise DagsterExecutionInterruptedError("it was ended by a signal while it waited for its turn")
        return NAP


def _steps(execution_plan: ExecutionPlan, job_context: PlanExecutionContext) -> Iterator[dg.DagsterEvent]:
    with _Turns(job_context.instance, job_context.dagster_run) as turns:
        yield from inner_plan_execution_iterator(job_context, execution_plan, turns)
