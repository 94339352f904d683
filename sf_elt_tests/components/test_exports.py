"""Exports in Dagster: what waits for approval, what is taken back, what rests until the org has its field."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest
from simple_salesforce import Salesforce

from sf_elt.components.exports.salesforce_export import SalesforceExport
from sf_elt.demo_org.serve import Details
from sf_elt_tests.components.conftest import Deployed
from sf_elt_tests.components.pauses import pause_of
from sf_elt_tests.orgs import levers
from sf_elt_tests.shared_orgs import org as org
from sf_elt_tests.shared_orgs import org_of_module

__all__ = ["org", "org_of_module"]

KEY = dg.AssetKey(["writeback", "leads"])
CHECKS = {"every_sent_record_has_an_outcome", "no_plan_waits_for_approval", "the_org_takes_every_field"}


def _export(deployed: Deployed, **told: object) -> tuple[dg.ExecuteInProcessResult, dict[str, dg.AssetCheckEvaluation]]:
    """Runs the export, as it was told; its checks by name."""
    config: dict[str, object] = {"ops": {"export_leads": {"config": told}}}
    result = deployed.materialize(dg.AssetSelection.assets(KEY), config=config)
    return result, {each.check_name: each for each in result.get_asset_check_evaluations()}


def _said(deployed: Deployed) -> dg.AssetObservation:
    observation = deployed.instance.fetch_observations(KEY, limit=1).records[0].asset_observation
    assert observation is not None
    return observation


@pytest.fixture
def export(deployed: Deployed) -> Iterator[SalesforceExport]:
    """The project's export of leads, after everything before it has run; what a test changes in it is put back."""
    everything = dg.AssetSelection.all() - dg.AssetSelection.groups("writeback")
    assert deployed.materialize(everything, deployed.range_tags()).success
    tree = deployed.definitions.component_tree
    assert tree is not None
    (found,) = (each for each in tree.get_all_components(SalesforceExport) if each.name == "leads")
    before = dict(vars(found))
    yield found
    vars(found).update(before)


def test_an_export_waits_is_approved_undone_and_rests(
    deployed: Deployed, export: SalesforceExport, org: Details, sf: Salesforce
) -> None:
    """A large plan waits without failing the run and is sent by its id; undone, the org is as before; without its field
    the export rests, says so in one check, and goes on once the field is back; switched off it does nothing."""
    leads = sorted(_scores(sf))[:3]
    for lead in leads:
        sf.Lead.update(lead, {"Scores__c": "somebody else's"})
    held = _scores(sf)
    vars(export)["approve_above_changed"] = 0.2
    result, checks = _export(deployed)
    assert (result.success, checks.keys()) == (True, CHECKS)
    waits = checks["no_plan_waits_for_approval"]
    assert (waits.passed, waits.severity) == (False, dg.AssetCheckSeverity.WARN)
    plan_id = str(waits.metadata["plan_id"].value)
    assert f"sf-elt export send leads --approve {plan_id}" in (waits.description or "")
    assert _said(deployed).metadata["records_waiting_for_approval"].value == waits.metadata["would_update"].value
    assert _scores(sf) == held
    assert deployed.instance.get_latest_materialization_event(KEY) is None
    assert not _export(deployed, approve="nonsense")[0].success

    result, checks = _export(deployed, approve=plan_id)
    assert (result.success, all(each.passed for each in checks.values())) == (True, True)
    written = deployed.metadata(KEY)["records_updated"]
    assert written == sum(each != held[lead] for lead, each in _scores(sf).items()) > 0

    assert _export(deployed, undo_run="last", dry_run=True)[0].success
    assert _said(deployed).metadata["would_update"].value == written
    assert _export(deployed, undo_run="last")[0].success
    assert deployed.metadata(KEY)["undid_run"]
    assert _scores(sf) == held

    vars(export)["enabled"] = False
    assert _export(deployed)[0].success
    assert "switched off" in (_said(deployed).description or "")
    vars(export)["enabled"] = True

    levers(org).change_schema("Lead", drop=["Scores__c"])
    result, checks = _export(deployed)
    assert (result.success, [name for name, each in checks.items() if not each.passed]) == (
        True,
        ["the_org_takes_every_field"],
    )
    said = checks["the_org_takes_every_field"].description or ""
    assert "Lead has no field 'Scores__c'" in said
    assert "`sf-elt setup salesforce` says what is missing" in said
    until = pause_of(deployed.instance, KEY)
    assert until is not None
    assert until > datetime.now(UTC) + timedelta(minutes=55)
    levers(org).change_schema("Lead", add=[{"fullName": "Scores__c", "type": "Text", "label": "Scores", "length": 255}])
    result, checks = _export(deployed, replan=True)
    assert (result.success, checks["the_org_takes_every_field"].passed) == (True, True)


def _scores(sf: Salesforce) -> dict[str, str | None]:
    return {lead["Id"]: lead["Scores__c"] for lead in sf.query("SELECT Id, Scores__c FROM Lead")["records"]}
