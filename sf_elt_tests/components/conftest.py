"""A deployment of each test's own: the project's definitions, a small org, an empty warehouse, a Dagster instance."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
import pytest
from dagster.components.core import load_defs

from sf_elt.components.imports.salesforce_import import SalesforceImport
from sf_elt.components.resources import open_warehouse
from sf_elt.warehouse import Warehouse

if TYPE_CHECKING:
    from sf_elt.demo_org.serve import Details

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
ROOT = Path(__file__).resolve().parents[2]
LEADS, CONTACTS = dg.AssetKey(["streams", "salesforce_leads"]), dg.AssetKey(["streams", "salesforce_contacts"])
STREAMS = dg.AssetSelection.groups("streams")


@dataclass(frozen=True)
class Deployed:
    """The project's definitions with an instance, and the partitions that its imports have."""

    definitions: dg.Definitions
    instance: dg.DagsterInstance
    first_day: date

    @property
    def warehouse(self) -> Warehouse:
        return open_warehouse()

    @property
    def component(self) -> SalesforceImport:
        """The import."""
        assert self.definitions.component_tree is not None
        (component,) = self.definitions.component_tree.get_all_components(SalesforceImport)
        return component

    @property
    def days(self) -> list[str]:
        """The partitions that there are now: four, and one more where it was midnight since the tests began."""
        days = (datetime.now(UTC).date() - self.first_day).days + 1
        return [(self.first_day + timedelta(days=day)).isoformat() for day in range(days)]

    def range_tags(self) -> dict[str, str]:
        """The tags of a run over all partitions, as the UI and backfills set them."""
        return {
            "dagster/asset_partition_range_start": self.days[0],
            "dagster/asset_partition_range_end": self.days[-1],
        }

    def materialize(
        self, selection: dg.AssetSelection, tags: dict[str, str] | None = None, config: dict[str, object] | None = None
    ) -> dg.ExecuteInProcessResult:
        return dg.materialize(
            list(self.definitions.resolve_asset_graph().assets_defs),
            selection=selection,
            instance=self.instance,
            tags=tags,
            run_config={**QUIET, **(config or {})},
            raise_on_error=False,
        )

    def metadata(self, key: dg.AssetKey) -> dict[str, object]:
        """What the asset's latest materialization says of itself."""
        event = self.instance.get_latest_materialization_event(key)
        assert event is not None
        assert event.asset_materialization is not None
        return {name: value.value for name, value in event.asset_materialization.metadata.items()}


def variables(folder: Path, details: Details, first_day: date) -> dict[str, str]:
    """The environment of a deployment whose files are in `folder`."""
    org = {
        "SALESFORCE_INSTANCE_URL": details.instance_url,
        "SALESFORCE_LOGIN_URL": details.instance_url,
        "SALESFORCE_USERNAME": details.username,
        "SALESFORCE_PASSWORD": details.password,
        "SALESFORCE_SECURITY_TOKEN": details.security_token,
    }
    return {
        **org,
        "DAGSTER_HOME": str(folder / "dagster_home"),
        "DAGSTER_DISABLE_TELEMETRY": "yes",
        "SF_ELT_DATA": str(folder / "warehouse"),
        "SF_ELT_EVENTS": str(folder / "events"),
        "SF_ELT_START": first_day.isoformat(),
    }


def make_home(folder: Path) -> None:
    """An instance of Dagster with the project's own settings; its state is in `folder`, the folder to run in."""
    home = folder / "dagster_home"
    home.mkdir()
    settings = (ROOT / "dagster.yaml").read_text("utf-8")
    (home / "dagster.yaml").write_text(settings.replace("data/dagster", str(home)), "utf-8")


def make_events(folder: Path) -> None:
    """The project's sample of web events."""
    shutil.copytree(ROOT / "data" / "samples", folder / "events")


@pytest.fixture(scope="session")
def first_day() -> date:
    """Three days before today, so that there are four partitions."""
    return (datetime.now(UTC) - timedelta(days=3)).date()


@pytest.fixture(scope="session", autouse=True)
def described_once() -> Iterator[None]:
    """What Dagster tells editors of all components, with each project that it loads: made once for all projects."""
    described = load_defs.get_library_json_enriched_defs(None).metadata
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(
            load_defs,
            "get_library_json_enriched_defs",
            lambda tree: dg.Definitions(metadata=described, component_tree=tree),
        )
        yield


@pytest.fixture(scope="session")
def loaded(first_day: date, tmp_path_factory: pytest.TempPathFactory) -> dg.Definitions:
    """The project as Dagster loads it, with its sample of events: once for all tests of this process."""
    from sf_elt.definitions import defs

    folder = tmp_path_factory.mktemp("loaded")
    make_events(folder)
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("SF_ELT_START", first_day.isoformat())
        monkeypatch.setenv("SF_ELT_EVENTS", str(folder / "events"))
        monkeypatch.delenv("SF_ELT_WRITE_BACK", raising=False)
        return defs()


@pytest.fixture
def deployed(
    loaded: dg.Definitions, org: Details, tmp_path: Path, first_day: date, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Deployed]:
    """The project's deployment on `org`, with an empty warehouse and an instance of Dagster that forgets.

    What a test changes in the options of the import is put back.
    """
    for name, value in variables(tmp_path, org, first_day).items():
        monkeypatch.setenv(name, value)
    with dg.DagsterInstance.ephemeral() as instance:
        deployed = Deployed(loaded, instance, first_day)
        options = [deployed.component, *deployed.component.objects]
        before = [dict(vars(each)) for each in options]
        yield deployed
        for each, values in zip(options, before, strict=True):
            vars(each).update(values)


@pytest.fixture
def deployed_on_disk(deployed: Deployed, tmp_path: Path) -> Iterator[Deployed]:
    """The same with the project's own settings of Dagster, as other processes meet it."""
    make_home(tmp_path)
    make_events(tmp_path)
    with dg.DagsterInstance.get() as instance:
        yield replace(deployed, instance=instance)
