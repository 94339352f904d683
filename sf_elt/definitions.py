"""What Dagster loads: everything under defs/, and the policy that holds for all of it."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg

from sf_elt.components.executors import in_process_or_multiprocess
from sf_elt.components.landing_sweep import sweep_landing
from sf_elt.components.preflight.checks import preflight_checks
from sf_elt.components.resources import WarehouseResource
from sf_elt.components.wrong_yaml import yaml_told_plainly


@dg.definitions
def defs() -> dg.Definitions:
    """The deployment: its components, the warehouse, the executor, and the daemon's part in running by itself."""
    with _without_warnings_of_dagster(), yaml_told_plainly():
        tree = dg.ComponentTree.for_project(Path(__file__).parent)
        deployed, checks = tree.build_defs(), preflight_checks(tree)
    return dg.Definitions.merge(
        deployed,
        checks,
        dg.Definitions(
            resources={"warehouse": WarehouseResource()},
            executor=in_process_or_multiprocess,
            sensors=[
                # Dagster's own would wait for somebody to switch it on.
                dg.AutomationConditionSensorDefinition(
                    "after_new_data",
                    target=dg.AssetSelection.all(),
                    default_status=dg.DefaultSensorStatus.RUNNING,
                    description="Runs profiles, scores, audiences and exports after new data, once per tick.",
                ),
                sweep_landing(),
            ],
        ),
    )


@contextmanager
def _without_warnings_of_dagster() -> Iterator[None]:
    """Dagster's components warn, at every start and many times, of what is beta in Dagster itself."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)
        warnings.simplefilter("ignore", dg.PreviewWarning)
        yield
