"""What the project's definitions hold, as Dagster loads them."""

import re
from collections.abc import Iterator

import dagster as dg
import pytest
from dagster._core.remote_representation.external_data import RepositorySnap
from dagster_shared.serdes import serialize_value

from sf_elt_tests.components.conftest import ROOT

SECRET = "not-to-be-seen-anywhere"


@pytest.fixture(scope="module")
def definitions() -> Iterator[dg.Definitions]:
    """The definitions, loaded where the environment holds secrets."""
    from sf_elt.definitions import defs

    with pytest.MonkeyPatch.context() as monkeypatch:
        for name in ("PASSWORD", "SECURITY_TOKEN", "CONSUMER_SECRET", "ACCESS_TOKEN"):
            monkeypatch.setenv(f"SALESFORCE_{name}", SECRET)
        monkeypatch.setenv("SF_ELT_START", "2026-01-01")
        monkeypatch.setenv("SF_ELT_WRITE_BACK", "true")
        yield defs()


def test_they_are_loadable(definitions: dg.Definitions) -> None:
    """Every asset, job, schedule and sensor resolves, with its resources."""
    dg.Definitions.validate_loadable(definitions)


def test_every_asset_says_what_it_is(definitions: dg.Definitions) -> None:
    """Kinds, group, owners, description, pool and a single run for a range, on every asset."""
    graph = definitions.resolve_asset_graph()
    for assets in (each for each in graph.assets_defs if each.keys):
        assert assets.backfill_policy == dg.BackfillPolicy.single_run()
        assert assets.op.pool == "duckdb"
        for spec in assets.specs:
            assert spec.description
            assert spec.kinds
            assert spec.owners
            assert spec.group_name in {"streams", "profiles", "insight", "writeback"}


def test_everything_after_the_imports_runs_by_itself(definitions: dg.Definitions) -> None:
    """Profiles, scores, audiences and exports have a condition; imports have a schedule and a sensor instead."""
    graph = definitions.resolve_asset_graph()
    without = {
        spec.key.path[0]
        for assets in graph.assets_defs
        for spec in assets.specs
        if graph.get(spec.key).automation_condition is None
    }
    assert without == {"streams"}
    running = {schedule.name: schedule.default_status for schedule in definitions.schedules or []}
    assert running == {
        "salesforce_keep_updated": dg.DefaultScheduleStatus.RUNNING,
        "web_events_keep_updated": dg.DefaultScheduleStatus.RUNNING,
    }


@pytest.mark.parametrize(("write_back", "by_themselves"), [(None, 0), ("", 0), ("false", 0), ("true", 2), ("1", 2)])
def test_exports_write_by_themselves_only_where_they_were_told_to(
    monkeypatch: pytest.MonkeyPatch, write_back: str | None, by_themselves: int
) -> None:
    """A deployment that is freshly connected changes nothing in its org until SF_ELT_WRITE_BACK says so."""
    from sf_elt.definitions import defs

    monkeypatch.delenv("SF_ELT_WRITE_BACK", raising=False)
    if write_back is not None:
        monkeypatch.setenv("SF_ELT_WRITE_BACK", write_back)
    graph = defs().resolve_asset_graph()
    exports = [key for key in graph.get_all_asset_keys() if key.path[0] == "writeback"]
    assert len(exports) == 2
    assert sum(graph.get(key).automation_condition is not None for key in exports) == by_themselves


def test_no_secret_is_in_what_the_ui_reads(definitions: dg.Definitions) -> None:
    """Neither the snapshot of the definitions nor the repr of a resource holds a secret of the environment."""
    snapshot = serialize_value(RepositorySnap.from_def(definitions.get_repository_def()))
    assert "SALESFORCE_" in snapshot
    assert SECRET not in snapshot
    connection = (definitions.resources or {})["salesforce"]
    assert SECRET not in repr(connection)
    assert SECRET not in repr(connection.login())


def test_components_run_no_statement_themselves() -> None:
    """What is asked of the warehouse is asked by the room that knows the tables: no component opens the file."""
    for module in (ROOT / "sf_elt" / "components").rglob("*.py"):
        text = module.read_text("utf-8")
        assert not re.search(r"warehouse\.(read|write)\(|\.execute(many)?\(", text), module.name
