"""The web server and the daemon, as the UI meets them: a backfill over GraphQL. (A click: ../test_demo.py)"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from sf_elt_tests.components.conftest import ROOT, make_events, make_home, variables
from sf_elt_tests.ports import free_port
from sf_elt_tests.process_groups import running_group

WAIT = 200
LAUNCH = """
mutation Launch($params: LaunchBackfillParams!) {
  launchPartitionBackfill(backfillParams: $params) {
    __typename
    ... on LaunchBackfillSuccess { backfillId }
    ... on PythonError { message }
  }
}
"""
RUNS = """
query Runs($filter: RunsFilter!) {
  runsOrError(filter: $filter) { ... on Runs { results { runId status assetSelection { path } } } }
}
"""
PARTITIONS = """
query Partitions($key: AssetKeyInput!) {
  assetNodeOrError(assetKey: $key) { ... on AssetNode { partitionKeys partitionStats { numMaterialized } } }
}
"""


@dataclass
class Dagster:
    """A web server on loopback."""

    url: str
    environment: dict[str, str]

    def ask(self, query: str, **values: Any) -> dict[str, Any]:
        reply = requests.post(f"{self.url}/graphql", json={"query": query, "variables": values}, timeout=60)
        answer: dict[str, Any] = reply.json()
        assert "errors" not in answer, answer
        return answer["data"]

    def runs(self, **wanted: Any) -> list[dict[str, Any]]:
        return self.ask(RUNS, filter=wanted)["runsOrError"]["results"]


DAGSTER_WEBSERVER = [sys.executable, "-m", "dagster_webserver"]
DAGSTER_DAEMON = [sys.executable, "-m", "dagster._daemon"]


def until(holds: Callable[[], Any], what: str, seconds: float = WAIT) -> Any:
    """Asks again until the answer is not empty."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if answer := holds():
                return answer
        except requests.ConnectionError:
            pass
        time.sleep(2)  # each question takes the web server a moment that the run needs
    raise AssertionError(f"waited {seconds:.0f} s for {what}")


@pytest.fixture(scope="module")
def dagster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dagster]:
    """A deployment of this module's own behind a web server."""
    from sf_elt.demo_org.serve import running_org

    folder = tmp_path_factory.mktemp("web")
    make_home(folder)
    make_events(folder)
    port = free_port()
    first_day = (datetime.now(UTC) - timedelta(days=3)).date()
    with running_org(seed=7, records=60) as org:
        environment = {**os.environ, **variables(folder, org, first_day)}
        server = Dagster(f"http://127.0.0.1:{port}", environment)
        workspace = str(ROOT / "workspace.yaml")
        web = [*DAGSTER_WEBSERVER, "-w", workspace, "-h", "127.0.0.1", "-p", str(port)]
        daemon = [*DAGSTER_DAEMON, "run", "-w", workspace]
        with running_group(web, env=environment, cwd=ROOT, patience=20):
            until(lambda: requests.get(f"{server.url}/server_info", timeout=10).ok, "the web server")
            # Not before: of two processes that make Dagster's SQLite files at once one may end with "already exists".
            with running_group(daemon, env=environment, cwd=ROOT, patience=20):
                yield server


@pytest.mark.soak
def test_a_backfill_from_the_ui_is_one_run(dagster: Dagster) -> None:
    """All partitions of a stream, asked for as the UI asks: one run, which succeeds and materializes each of them."""
    key = {"path": ["streams", "salesforce_leads"]}
    partitions = dagster.ask(PARTITIONS, key=key)["assetNodeOrError"]["partitionKeys"]
    launched = dagster.ask(LAUNCH, params={"assetSelection": [key], "partitionNames": partitions, "tags": []})
    assert launched["launchPartitionBackfill"]["__typename"] == "LaunchBackfillSuccess", launched
    backfill = launched["launchPartitionBackfill"]["backfillId"]

    def ended() -> list[dict[str, Any]]:
        runs = dagster.runs(tags=[{"key": "dagster/backfill", "value": backfill}])
        return runs if runs and all(run["status"] in ("SUCCESS", "FAILURE", "CANCELED") for run in runs) else []

    assert [run["status"] for run in until(ended, "the backfill's runs")] == ["SUCCESS"]
    assert dagster.ask(PARTITIONS, key=key)["assetNodeOrError"]["partitionStats"]["numMaterialized"] == 4
