"""What exports cost, as the org itself has counted it."""

from collections.abc import Sequence

import pytest

from sf_elt_tests.writeback.conftest import SPEC, Loop
from sf_elt_tests.writeback.people import CREATED


@pytest.mark.parametrize(
    ("records", "transport", "most"),
    [
        pytest.param(800, "rest", 4 + 2, id="rest"),
        pytest.param(20_000, "rest", 100 + 50, id="rest-many", marks=pytest.mark.soak),
        pytest.param(100_000, "bulk", 40, id="bulk", marks=pytest.mark.soak),
    ],
)
def test_changed_records_cost_few_calls(loop: Loop, records: int, transport: str, most: int) -> None:
    """At most a call for 200 records and one for 400 look-ups; 100,000 by bulk a handful. A second run: none."""
    spec = SPEC.model_copy(update={"transport": transport, "audiences_field": None, "scores_field": None})
    ids = loop.make_leads(records)
    _fill(loop, ids)
    report = loop.run(spec)
    calls = [call for call in loop.levers.calls.all() if not call["path"].endswith("/describe")]
    assert (report.succeeded, report.failed) == (records, 0)
    assert report.api_calls - 1 <= len(calls) <= most
    loop.levers.calls.clear()
    assert loop.run(spec).planned == 0
    assert loop.levers.calls.all() == []


def _fill(loop: Loop, ids: Sequence[str]) -> None:
    """A profile with a title for each lead."""
    loop.leads = []
    loop.fill([])
    with loop.warehouse.write() as connection:
        connection.execute(
            "INSERT INTO profiles.profiles BY NAME SELECT 'p' || id AS profile_id, created_at, updated_at, "
            "'T' || id AS title, [id] AS salesforce_lead_ids "
            "FROM (SELECT unnest(?::VARCHAR[]) AS id, ?::TIMESTAMP AS created_at, created_at AS updated_at)",
            [list(ids), CREATED],
        )
        connection.execute(
            'INSERT INTO streams.salesforce_leads BY NAME SELECT unnest(?::VARCHAR[]) AS "Id", false AS "IsConverted", '
            "?::TIMESTAMP AS \"SystemModstamp\", ?::TIMESTAMP AS _loaded_at, '' AS _window",
            [list(ids), CREATED, CREATED],
        )
