"""A project with one import, from the text of its YAML: as Dagster loads it, and runs it against an org."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from textwrap import dedent

import dagster as dg

from sf_elt.components.imports.salesforce_import import SalesforceImport
from sf_elt.components.resources import WarehouseResource
from sf_elt.warehouse import Warehouse
from sf_elt_tests.components.conftest import QUIET
from sf_elt_tests.components.test_yaml import PYPROJECT

CONNECTION = "type: sf_elt.components.SalesforceConnection\nattributes: {name: salesforce}\n"

BEGUN = """type: sf_elt.components.SalesforceImport
attributes:
  name: mine_{}
  connection: salesforce
  start: "{}"
"""


@dataclass(frozen=True)
class Project:
    """Its definitions, an instance that forgets, and the warehouse that its runs write to."""

    definitions: dg.Definitions
    instance: dg.DagsterInstance
    warehouse: Warehouse

    @property
    def component(self) -> SalesforceImport:
        assert self.definitions.component_tree is not None
        (component,) = self.definitions.component_tree.get_all_components(SalesforceImport)
        return component

    @property
    def schedule(self) -> dg.ScheduleDefinition:
        (schedule,) = self.definitions.schedules or []
        return schedule

    def materialize(self, tags: dict[str, str] | None = None) -> dg.ExecuteInProcessResult:
        """Everything, over all partitions; a failure is the test's."""
        component = self.component
        whole = {
            "dagster/asset_partition_range_start": component.start.isoformat(),
            "dagster/asset_partition_range_end": datetime.now(UTC).date().isoformat(),
        }
        return dg.materialize(
            list(self.definitions.resolve_asset_graph().assets_defs),
            instance=self.instance,
            tags={**whole, **(tags or {})},
            run_config=QUIET,
        )

    def latest_run(self) -> str:
        (run,) = self.instance.get_runs(limit=1)
        return run.run_id

    def sql(self, statement: str) -> list[tuple[object, ...]]:
        with self.warehouse.read() as connection:
            return connection.execute(statement).fetchall()


def load(folder: Path, instance: dg.DagsterInstance, *imports: str) -> Project:
    """The project whose imports say this under `attributes`, besides their name, connection and start."""
    module = f"project_{abs(hash(str(folder)))}"
    defs = folder / module / "defs"
    (defs / "imports").mkdir(parents=True)
    (folder / "pyproject.toml").write_text(PYPROJECT.format(module=module), "utf-8")
    for package in (defs.parent, defs):
        (package / "__init__.py").touch()
    today = datetime.now(UTC).date().isoformat()
    documents = [CONNECTION] + [
        BEGUN.format(number, today) + "".join(f"  {line}\n" for line in dedent(text).strip().splitlines())
        for number, text in enumerate(imports)
    ]
    (defs / "imports" / "defs.yaml").write_text("---\n".join(documents), "utf-8")
    definitions = dg.Definitions.merge(
        dg.load_from_defs_folder(path_within_project=defs.parent),
        dg.Definitions(resources={"warehouse": WarehouseResource()}),
    )
    return Project(definitions, instance, Warehouse(folder / "warehouse"))
