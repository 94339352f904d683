"""Every fault of the org at every call of an import, once and for good: the next plain run makes it right."""

import time
from pathlib import Path
from typing import Any

import pytest

from sf_elt.demo_org.serve import running_org
from sf_elt.salesforce import SalesforceError
from sf_elt.streams import StreamError, StreamSpec, stream_columns
from sf_elt_tests.orgs import levers
from sf_elt_tests.streams.support import importing, rows_of_org

EXPIRED = [{"errorCode": "INVALID_SESSION_ID", "message": "Session expired or invalid"}]
FAULTS: dict[str, dict[str, Any]] = {
    "401": {"reply": {"status": 401, "body": EXPIRED}},
    "429": {"reply": {"status": 429, "headers": {"Retry-After": "0"}}},
    "500": {"reply": {"status": 500}},
    "502": {"reply": {"status": 502, "body": "<html><h1>Bad gateway</h1></html>"}},
    "503": {"reply": {"status": 503}},
    "dropped before": {"drop": "before"},
    "dropped after": {"drop": "after"},
    "dropped in the body": {"drop": "body"},
}
CASES = [(name, times) for name in FAULTS for times in (1, None) if (name, times) != ("401", None)]

pytestmark = [pytest.mark.soak, pytest.mark.timeout(3600)]


@pytest.mark.parametrize(
    ("spec", "people"),
    [
        pytest.param(StreamSpec("salesforce_leads", "Lead", transport="rest"), 4000, id="rest"),  # two pages
        pytest.param(StreamSpec("salesforce_leads", "Lead", transport="bulk", page_rows=25), 60, id="bulk"),
    ],
)
def test_faults_at_every_call_end_right(spec: StreamSpec, people: int, tmp_path: Path) -> None:
    """Whether the import survives the fault or fails of it: calls are counted, and one rerun gives the org's rows."""
    began = time.monotonic()
    with running_org(seed=7, records=people) as org:
        pull = levers(org)
        with importing(org, tmp_path / "undisturbed") as importer:
            importer.run(spec)
            calls = importer.meter.made
            expected = rows_of_org(org, stream_columns(importer.org, spec), "Lead")
        failed = 0
        for name, times in CASES:
            for after in range(calls):
                with importing(org, tmp_path / f"{name} {times} {after}") as importer:
                    pull.calls.clear()
                    pull.faults.plan({"path": "/services/data", "after": after, "times": times} | FAULTS[name])
                    try:
                        importer.run(spec)
                    except (SalesforceError, StreamError):
                        failed += 1
                    assert importer.meter.made == len(pull.calls.all()), (name, times, after)
                    pull.faults.clear()
                    importer.run(spec)
                    assert importer.rows(spec) == expected, (name, times, after)
                    assert list(importer.warehouse.landing(spec.stream).glob("*-*")) == []
    print(
        f"\n{spec.transport}: {len(CASES)} faults at each of {calls} calls, {len(CASES) * calls} imports, {failed} of "
        f"which failed; all made right by one rerun; {time.monotonic() - began:.0f} s"
    )
