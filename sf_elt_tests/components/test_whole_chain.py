"""The whole loop in one run, on an org of its own: what the exports write would be news to other tests."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest
from simple_salesforce import Salesforce

from sf_elt.components.keys import REPORT
from sf_elt.definitions import defs
from sf_elt.demo_org.seeding.events import write_events
from sf_elt_tests.components.conftest import Deployed


@pytest.mark.soak
def test_the_whole_chain_in_one_run(
    deployed: Deployed, sf: Salesforce, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Streams, profiles, scores, audiences and exports in one run; the org holds what the exports say they wrote."""
    write_events(tmp_path / "theirs", seed=7, records=60, now=datetime.now(UTC))  # of the org's own people
    monkeypatch.setenv("SF_ELT_EVENTS", str(tmp_path / "theirs"))
    deployed = replace(deployed, definitions=defs())
    result = deployed.materialize(dg.AssetSelection.all(), deployed.range_tags())
    assert result.success
    checks = {check.check_name: check.passed for check in result.get_asset_check_evaluations()}
    assert checks == {
        "id_unique": True,
        "as_many_rows_as_the_org_counted": True,
        "every_profile_has_an_identifier": True,
        "few_enough_topics": True,
        "every_sent_record_has_an_outcome": True,
        "no_plan_waits_for_approval": True,
        "the_org_takes_every_field": True,
    }
    graph = deployed.definitions.resolve_asset_graph()
    assert Path(deployed.metadata(REPORT)["file"]).stat().st_size == deployed.metadata(REPORT)["bytes"]
    with deployed.warehouse.read() as connection:
        addresses = {each for (each,) in connection.execute("SELECT email FROM profiles.profiles").fetchall()}
    for key in graph.materializable_asset_keys - {REPORT}:
        said = {**graph.get(key).metadata, **deployed.metadata(key)}
        assert said["dagster/row_count"] > 0, key
        columns = said["dagster/column_schema"].columns
        assert columns, key
        assert key.path[0] != "insight" or all(column.description for column in columns), key
        assert any("](data:image/svg+xml," in each for each in said.values() if isinstance(each, str)), key
        assert said["sample"].records, key
        assert not addresses & set(re.findall(r"[^\s,:'\"@]+@[^\s,:'\"@]+", str(said))), key
    leads = sf.query("SELECT Scores__c, Content_Affinity__c FROM Lead")["records"]
    scored = sum(lead["Scores__c"] is not None for lead in leads)
    with deployed.warehouse.read() as connection:
        sent = connection.execute(
            "SELECT count(DISTINCT record_id) FROM writeback.sync_log"
            " WHERE export = 'leads' AND status = 'succeeded' AND code IS NULL"
        ).fetchone()
        topics = connection.execute("SELECT DISTINCT top_topics FROM insight.interests").fetchall()
    assert sent == (scored,)
    assert scored > 0
    told = {lead["Content_Affinity__c"] for lead in leads} - {None}
    assert told
    assert told <= {each for (each,) in topics}
