"""The check `preflight` of streams, as Dagster runs it."""

import dagster as dg
from dagster import AssetCheckKey, AssetCheckSeverity

from sf_elt.demo_org.serve import Details
from sf_elt_tests.components.conftest import CONTACTS, LEADS, QUIET, Deployed
from sf_elt_tests.orgs import levers

PREFLIGHT = "preflight"
BY_HAND = dg.AssetSelection.checks(AssetCheckKey(LEADS, PREFLIGHT), AssetCheckKey(CONTACTS, PREFLIGHT))


def test_it_runs_alone_and_tells_of_its_stream(deployed: Deployed, org: Details) -> None:
    """Two streams' checks are one preflight: what hides from leads fails theirs, and contacts pass."""
    levers(org).set_permission("Lead", access="none")
    result = _run(deployed, BY_HAND)
    found = {each.asset_key: each for each in result.get_asset_check_evaluations()}
    assert result.success
    assert found[CONTACTS].passed
    assert not found[LEADS].passed
    assert found[LEADS].severity == AssetCheckSeverity.ERROR
    table = found[LEADS].metadata["findings"].value
    assert "Object Settings › Lead › Object Permissions: Read" in table
    assert "salesforce_contacts" not in table
    assert org.password not in table
    assert len([call for call in levers(org).calls.all() if call["path"].startswith("/services/data")]) == 4


def test_a_job_of_the_import_leaves_it_out(deployed: Deployed) -> None:
    """Neither the import's job nor a run of everything spends calls on it."""
    in_job = deployed.definitions.resolve_job_def("salesforce_import")
    assert not [node for node in in_job.graph.node_dict if node.startswith(PREFLIGHT)]
    checks = dg.AssetSelection.assets(LEADS) | BY_HAND
    result = _run(deployed, checks, deployed.range_tags())
    assert result.success
    assert PREFLIGHT not in {each.check_name for each in result.get_asset_check_evaluations()}


def _run(
    deployed: Deployed, selection: dg.AssetSelection, tags: dict[str, str] | None = None
) -> dg.ExecuteInProcessResult:
    job = deployed.definitions.resolve_implicit_global_asset_job_def()
    graph = deployed.definitions.resolve_asset_graph()
    subset = job.get_subset(
        asset_selection=selection.resolve(graph), asset_check_selection=selection.resolve_checks(graph)
    )
    return subset.execute_in_process(instance=deployed.instance, run_config=QUIET, tags=tags, raise_on_error=False)
