"""The asset of the profiles: what a run of it reads, and what it says of that."""

import dagster as dg
import pytest

from sf_elt_tests.components.conftest import ROOT, Deployed
from sf_elt_tests.components.test_materialize import EVENTS, PROFILES


@pytest.mark.soak
def test_a_run_reads_what_changed_or_everything_where_it_says_so(deployed: Deployed) -> None:
    """The first build reads all, the next one nothing where nothing came, and one with `anew` in its config all."""
    only_profiles = dg.AssetSelection.assets(PROFILES)
    assert deployed.materialize(dg.AssetSelection.assets(EVENTS, PROFILES)).success
    first = deployed.metadata(PROFILES)
    assert first["built_anew"] == "no build before this one"
    assert first["profiles_rebuilt"] == first["dagster/row_count"] > 0
    assert deployed.materialize(only_profiles).success
    second = deployed.metadata(PROFILES)
    assert (second["built_anew"], second["rows_changed"], second["profiles_rebuilt"]) == ("no", 0, 0)
    assert second["dagster/row_count"] == first["dagster/row_count"]
    assert deployed.materialize(only_profiles, config={"ops": {"build_profiles": {"config": {"anew": True}}}}).success
    third = deployed.metadata(PROFILES)
    assert (third["built_anew"], third["profiles_changed"]) == ("asked for", 0)
    assert third["rows_changed"] == first["rows_changed"]


def test_a_mapping_that_the_streams_do_not_fit_is_refused_with_file_and_line(deployed: Deployed) -> None:
    """What only the warehouse shows, such as events whose email is no text, stops the run before anything is made."""
    with deployed.warehouse.write() as connection:
        connection.execute("CREATE TABLE streams.web_events (event_id VARCHAR, occurred_at TIMESTAMP, email DATE)")
    result = deployed.materialize(dg.AssetSelection.assets(PROFILES))
    (failed,) = result.get_step_failure_events()
    lines = (ROOT / "sf_elt/defs/profiles/defs.yaml").read_text("utf-8").splitlines()
    (line,) = (number for number, text in enumerate(lines, 1) if "stream: web_events, source: email" in text)
    said = str(failed.step_failure_data.error)
    assert f"profiles/defs.yaml:{line} attributes.mapping." in said
    assert "clean `email` needs text, and source field `email` is a date" in said
