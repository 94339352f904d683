"""What a person told a run in its configuration is told to the run that goes on after a pause."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
import pytest

from sf_elt.components import automation
from sf_elt.components.keys import stream_key, upkeep_key
from sf_elt.streams import vanishing
from sf_elt.streams.upkeep import judging
from sf_elt_tests.components.conftest import QUIET, variables
from sf_elt_tests.components.pauses import pause_of
from sf_elt_tests.components.projects import Project, load
from sf_elt_tests.shared_orgs import org as org
from sf_elt_tests.shared_orgs import org_of_module

if TYPE_CHECKING:
    from sf_elt.demo_org.serve import Details

__all__ = ["org", "org_of_module"]

WHOLE, RECONCILED = stream_key("whole_leads"), upkeep_key("salesforce_contacts", "reconciled")
FEW = 3  # may vanish unasked
IMPORT = """
reconcile: weekly
objects:
  - {object: Lead, stream: whole_leads, timestamp_field: none}
  - object: Contact
"""
UNKNOWN = """
    INSERT INTO streams.{} BY NAME
    SELECT * REPLACE (left("Id", 15) || '{}' AS "Id") FROM streams.{} WHERE _deleted_at IS NULL AND len("Id") = 18
"""


@pytest.fixture
def project(tmp_path: Path, org: Details, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """An import with an object that is read whole and one that is reconciled; both have read everything."""
    for name, value in variables(tmp_path, org, datetime.now(UTC).date()).items():
        monkeypatch.setenv(name, value)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(vanishing, "FEW_VANISHED", FEW)
    monkeypatch.setattr(judging, "REST_PAGE", 1)  # so that a reconciliation counts before anything lands
    with dg.DagsterInstance.ephemeral() as instance:
        project = load(tmp_path, instance, IMPORT)
        project.materialize()
        yield project


def run(project: Project, key: dg.AssetKey, tags: dict[str, str], config: dict[str, object]) -> bool:
    done = dg.materialize(
        list(project.definitions.resolve_asset_graph().assets_defs),
        selection=dg.AssetSelection.assets(key),
        instance=project.instance,
        tags=tags,
        run_config={**QUIET, **config},
        raise_on_error=False,
    )
    return done.success


def asked_by_sensor(
    project: Project, name: str, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> Sequence[dg.RunRequest]:
    """What a tick of the sensor at that time asks for."""

    class Clock(datetime):
        @classmethod
        def now(cls, tz=None):
            return at

    monkeypatch.setattr(automation, "datetime", Clock)
    repository = project.definitions.get_repository_def()
    context = dg.build_sensor_context(project.instance, repository_def=repository)
    return project.definitions.resolve_sensor_def(name).evaluate_tick(context).run_requests or []


@pytest.mark.soak
@pytest.mark.parametrize(
    ("key", "op", "sensor"),
    [
        pytest.param(WHOLE, "import_whole_leads", "mine_0_resume", marks=pytest.mark.soak),
        (RECONCILED, "upkeep_salesforce_contacts_reconciled", "mine_0_reconcile_resume"),
    ],
    ids=["a whole object", "a reconciliation"],
)
def test_what_a_paused_run_may_accept_the_next_may_too(
    project: Project, monkeypatch: pytest.MonkeyPatch, key: dg.AssetKey, op: str, sensor: str
) -> None:
    """It pauses before it has counted anything, and a scheduled run after it; many records vanish once it goes on."""
    today = datetime.now(UTC).date().isoformat()
    tags = {f"dagster/asset_partition_range_{end}": today for end in ("start", "end")} if key == WHOLE else {}
    stream = "whole_leads" if key == WHOLE else "salesforce_contacts"
    with project.warehouse.write() as connection:
        connection.execute(UNKNOWN.format(stream, "ZZZ", stream))
    assert not run(project, key, tags, {})
    told = {"ops": {op: {"config": {"accept_many": True}}}}
    project.component.max_daily_api_calls = 0
    assert run(project, key, tags, told)
    assert run(project, key, tags, {})
    until = pause_of(project.instance, key)
    assert until is not None
    project.component.max_daily_api_calls = None
    (asked,) = asked_by_sensor(project, sensor, until, monkeypatch)
    assert run(project, key, dict(asked.tags), dict(asked.run_config))
    assert project.sql(f"SELECT count(DISTINCT record_id) > {FEW} FROM ops.vanished") == [(True,)]
    assert pause_of(project.instance, key) is None
