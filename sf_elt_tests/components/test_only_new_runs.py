"""Runs that a schedule asks for, and runs that a person starts."""

import dagster as dg

from sf_elt.components.running import ONLY_NEW
from sf_elt_tests.components.conftest import LEADS, Deployed


def test_a_scheduled_run_leaves_out_what_was_read_and_a_persons_reads_it_again(deployed: Deployed) -> None:
    """The tag decides: without it the partitions are read whole, as the person asked."""
    only_leads = dg.AssetSelection.assets(LEADS)
    assert deployed.materialize(only_leads, deployed.range_tags()).success
    rows = deployed.metadata(LEADS)["rows_read"]
    assert deployed.materialize(only_leads, deployed.range_tags() | {ONLY_NEW: "true"}).success
    assert (deployed.metadata(LEADS)["rows_read"], deployed.metadata(LEADS)["api_calls"]) == (0, 1)
    assert deployed.materialize(only_leads, deployed.range_tags()).success
    assert deployed.metadata(LEADS)["rows_read"] == rows
