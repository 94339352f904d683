"""The checks of an imported stream: made where rows came, kept as they are where none did."""

from datetime import UTC, datetime

import dagster as dg
import pytest

from sf_elt.components.imports.importing import ID_UNIQUE
from sf_elt_tests.components.conftest import LEADS, Deployed

ONLY_LEADS = dg.AssetSelection.assets(LEADS)


def id_unique(deployed: Deployed, tags: dict[str, str]) -> tuple[bool, bool]:
    """What the check says after a run: whether it passed, and whether Ids were counted for that."""
    result = deployed.materialize(ONLY_LEADS, tags)
    (said,) = (each for each in result.get_asset_check_evaluations() if each.check_name == ID_UNIQUE)
    return said.passed, "repeated_ids" in said.metadata


@pytest.mark.soak
def test_ids_are_counted_where_rows_came_and_a_failure_stays(deployed: Deployed) -> None:
    """An idle run counts nothing after a count that was right; after one that was not it does, also while paused."""
    component = deployed.component
    component.look_back_minutes = 0
    whole = deployed.range_tags()
    assert id_unique(deployed, whole) == (True, True)
    (scheduled,) = component.requests([LEADS], datetime.now(UTC))
    idle = dict(scheduled.tags)
    assert id_unique(deployed, idle) == (True, False)
    with deployed.warehouse.write() as connection:
        connection.execute("INSERT INTO streams.salesforce_leads FROM streams.salesforce_leads LIMIT 1")
    assert id_unique(deployed, whole) == (False, True)
    assert id_unique(deployed, idle) == (False, True)
    component.max_daily_api_calls = 1
    assert id_unique(deployed, idle) == (False, True)
    component.max_daily_api_calls = None
    with deployed.warehouse.write() as connection:
        connection.execute("CREATE TEMP TABLE once AS SELECT DISTINCT * FROM streams.salesforce_leads")
        connection.execute("DELETE FROM streams.salesforce_leads")
        connection.execute("INSERT INTO streams.salesforce_leads FROM once")
    assert id_unique(deployed, idle) == (True, True)
    assert id_unique(deployed, idle) == (True, False)
