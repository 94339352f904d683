"""A process for each step, all of which write to the one warehouse file."""

from collections.abc import Iterator
from itertools import pairwise

import dagster as dg
import pytest

from sf_elt_tests.components.conftest import CONTACTS, LEADS, QUIET, Deployed
from sf_elt_tests.components.jobs import salesforce_import


def stretches(deployed: Deployed, run_id: str) -> Iterator[tuple[float, float]]:
    """When each step that writes began and ended, in seconds since 1970."""
    begun: dict[str, float] = {}
    for entry in deployed.instance.all_logs(run_id):
        event = entry.dagster_event
        step = event.step_key or "" if event is not None else ""
        if event is not None and step.startswith("import_"):
            if event.event_type == dg.DagsterEventType.STEP_START:
                begun[step] = entry.timestamp
            elif event.event_type == dg.DagsterEventType.STEP_SUCCESS:
                yield begun[step], entry.timestamp


@pytest.mark.soak
def test_the_pool_keeps_processes_apart(deployed_on_disk: Deployed) -> None:
    """Two steps, a process each, both at a time: all succeed, and none begins before the other has left the pool."""
    deployed = deployed_on_disk
    loaded_once = {"forkserver": {"preload_modules": ["sf_elt.definitions"]}}
    execution = {"execution": {"config": {"multiprocess": {"max_concurrent": 2, "start_method": loaded_once}}}}
    with dg.execute_job(
        dg.reconstructable(salesforce_import),
        instance=deployed.instance,
        run_config={**QUIET, **execution},
        tags=deployed.range_tags(),
        asset_selection=[LEADS, CONTACTS],
    ) as result:
        assert result.success
    in_order = sorted(stretches(deployed, result.run_id))
    assert len(in_order) == 2
    assert all(ended <= begun for (_, ended), (begun, _) in pairwise(in_order))
    assert deployed.metadata(LEADS)["rows_read"] == 36
