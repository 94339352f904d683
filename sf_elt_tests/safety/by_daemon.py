"""The marked deployment as a real `dagster dev` runs it: web server, code server, daemon, a process for each run.

run_by_daemon(done)       # what they print lies in done.folder / "dagster-dev.log"; all else in their storage
"""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import requests

from sf_elt_tests.components.conftest import ROOT
from sf_elt_tests.components.test_web_ui import LAUNCH, Dagster
from sf_elt_tests.components.test_web_ui import until as until_within
from sf_elt_tests.orgs import client, levers
from sf_elt_tests.ports import free_port
from sf_elt_tests.process_groups import running_group
from sf_elt_tests.safety.marked_project import NAME
from sf_elt_tests.safety.marks import PEOPLE

if TYPE_CHECKING:
    from sf_elt_tests.safety.flows import Done

until = partial(until_within, seconds=1200)
_ENDED = {"SUCCESS", "FAILURE", "CANCELED"}
_RUNS = """
{ runsOrError { ... on Runs { results {
  runId status jobName runConfigYaml tags { key value } assetSelection { path } stats { __typename }
} } } }
"""
_LOGS = """
query Logs($run: ID!, $after: String) { logsForRun(runId: $run, afterCursor: $after) { ... on EventConnection {
  cursor hasMore events { __typename
    ... on MessageEvent { message eventType }
    ... on ErrorEvent { error { message stack className errorChain { error { message stack } } } }
    ... on DisplayableEvent { label description metadataEntries { label description
      ... on TextMetadataEntry { text } ... on JsonMetadataEntry { jsonString } ... on MarkdownMetadataEntry { mdStr }
      ... on TableMetadataEntry { table { records } }
    } }
  }
} } }
"""
_START = """
mutation Start($params: ExecutionParams!) { launchRun(executionParams: $params) {
  __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message }
  ... on InvalidSubsetError { message } ... on RunConfigValidationInvalid { errors { message } }
} }
"""
_PAGES = (
    "{ instance { info daemonHealth { allDaemonStatuses { daemonType healthy } } } }",
    "{ assetNodes { description configField { configType { key } } metadataEntries { label description } } }",
    "{ workspaceOrError { ... on Workspace { locationEntries { name locationOrLoadError {"
    " ... on RepositoryLocation { name } ... on PythonError { message } } } } } }",
    f'{{ utilizedEnvVarsOrError(repositorySelector: {{repositoryName: "__repository__", repositoryLocationName: "{NAME}'
    '"}) { ... on EnvVarWithConsumersList { results { envVarName } } } }',
)


def run_by_daemon(done: "Done") -> None:
    """New records and events; then what schedules, sensors, conditions, a backfill and people start, to its end."""
    _happen(done)
    with _dagster_dev(done) as dagster:
        until(lambda: requests.get(f"{dagster.url}/server_info", timeout=10).ok, "the web server")
        wanted = [
            *_backfill(dagster, done),
            _started(dagster, "writeback/people", {"export_people": {"dry_run": True}}),
            _started(dagster, "streams/salesforce_contacts profiles/profiles", {}),
        ]
        until(lambda: _all_ended(dagster, wanted), "what people started")
        for tag, value in (("dagster/schedule_name", "kept_by_schedule"), ("dagster/sensor_name", "app_events_watch")):
            until(lambda tag=tag, value=value: _ended_of(dagster, tag, value), f"a run of {value}")
        until(lambda: _materializing(dagster, ["writeback", "by_itself"]), "an export that runs by itself")
        _refused(dagster, done)
        _look_around(dagster, done)
    assert (done.folder / "dagster-dev.log").stat().st_size
    assert any((done.folder / "dagster_home").rglob("*.err"))


def _happen(done: "Done") -> None:
    levers(done.org).faults.clear()
    client(done.org, how="password").Contact.create(
        {"LastName": PEOPLE["last name"], "Email": PEOPLE["by the daemon"], "Description": PEOPLE["street"]}
    )
    event = {"occurred_at": datetime.now(UTC).isoformat(), "type": "page", "who": PEOPLE["by the daemon"]}
    (done.folder / "app_events" / "later.jsonl").write_text(f"{json.dumps(event)}\n", "utf-8")


@contextmanager
def _dagster_dev(done: "Done") -> Iterator[Dagster]:
    """As `sf-elt dev` starts it, and with all that each part of it logs."""
    port = free_port()
    workspace = done.folder / "workspace.yaml"
    module = {"module_name": f"{NAME}.definitions", "location_name": NAME}
    workspace.write_text(json.dumps({"load_from": [{"python_module": module}]}), "utf-8")
    path = os.pathsep.join([str(done.folder / "project"), str(ROOT)])
    environment = {**os.environ, "PYTHONPATH": path, "SF_ELT_WRITE_BACK": "true"}
    command = [
        sys.executable, "-m", "dagster", "dev", "-w", str(workspace), "-h", "127.0.0.1", "-p", str(port),
        "--log-level", "debug", "--code-server-log-level", "debug",
    ]  # fmt: skip
    with (
        (done.folder / "dagster-dev.log").open("wb") as log,
        running_group(command, env=environment, cwd=done.folder, out=log, patience=60),
    ):
        yield Dagster(f"http://127.0.0.1:{port}", environment)


def _backfill(dagster: Dagster, done: "Done") -> list[str]:
    """By day, as the UI asks for it; gives the runs."""
    keys = [{"path": ["streams", f"salesforce_{name}"]} for name in ("leads", "contacts")]
    days = [done.deployed.range_tags()[f"dagster/asset_partition_range_{end}"] for end in ("start", "end")]
    asked = {"assetSelection": keys, "partitionNames": sorted(set(days)), "tags": []}
    launched = dagster.ask(LAUNCH, params=asked)["launchPartitionBackfill"]
    assert launched["__typename"] == "LaunchBackfillSuccess", launched
    of_backfill = [{"key": "dagster/backfill", "value": launched["backfillId"]}]
    return until(lambda: [run["runId"] for run in dagster.runs(tags=of_backfill)], "the backfill's runs")


def _started(dagster: Dagster, assets: str, config: dict[str, Any], *, multiprocess: object = None) -> str:
    """A run of these assets, as the Launchpad starts it; gives its id."""
    chosen: dict[str, Any] = {"ops": {name: {"config": options} for name, options in config.items()}}
    if multiprocess:
        chosen["execution"] = {"config": {"multiprocess": multiprocess}}
    selector = {
        "repositoryLocationName": NAME, "repositoryName": "__repository__", "pipelineName": "__ASSET_JOB",
        "assetSelection": [{"path": each.split("/")} for each in assets.split()],
    }  # fmt: skip
    day = f"{datetime.now(UTC):%Y-%m-%d}"
    parts = [{"key": f"dagster/asset_partition_range_{end}", "value": day} for end in ("start", "end")]
    tags = parts if "streams" in assets else []
    asked = {"selector": selector, "runConfigData": chosen, "executionMetadata": {"tags": tags}, "mode": "default"}
    launched = dagster.ask(_START, params=asked)["launchRun"]
    assert launched["__typename"] == "LaunchRunSuccess", launched
    return str(launched["run"]["runId"])


def _refused(dagster: Dagster, done: "Done") -> None:
    """An org that repeats a person, in a run whose steps are processes of their own."""
    echo = f"SELECT Id FROM Contact WHERE Email = '{PEOPLE['said by the org']}' AND Phone IN ('{PEOPLE['phone']}')"
    refuse = {"status": 400, "code": "MALFORMED_QUERY", "message": echo}
    levers(done.org).faults.plan({"path": r"/query(All)?/?$", "times": None, "refuse": refuse})
    failing = _started(dagster, "streams/salesforce_contacts", {}, multiprocess={"max_concurrent": 1})
    until(lambda: _all_ended(dagster, [failing]), "a run that the org refuses")
    levers(done.org).faults.clear()


def _of(dagster: Dagster) -> list[dict[str, Any]]:
    return dagster.ask(_RUNS)["runsOrError"]["results"]


def _all_ended(dagster: Dagster, wanted: list[str]) -> bool:
    return set(wanted) <= {run["runId"] for run in _of(dagster) if run["status"] in _ENDED}


def _ended_of(dagster: Dagster, tag: str, value: str) -> list[dict[str, Any]]:
    return [
        run
        for run in _of(dagster)
        if run["status"] in _ENDED and any(each["key"] == tag and value in each["value"] for each in run["tags"])
    ]


def _materializing(dagster: Dagster, path: list[str]) -> list[dict[str, Any]]:
    """Runs of an asset that nobody asked for."""
    ended = _ended_of(dagster, "dagster/from_automation_condition", "true")
    return [run for run in ended if {"path": path} in (run["assetSelection"] or [])]


def _look_around(dagster: Dagster, done: "Done") -> None:
    """What the web server answers: runs with their logs, assets, the instance, its code locations."""
    for page in _PAGES:
        done.said.append(json.dumps(dagster.ask(page), ensure_ascii=False))
    runs = _of(dagster)
    done.said.append(json.dumps(runs, ensure_ascii=False))
    for run in runs:
        after, more = None, True
        while more:
            logs = dagster.ask(_LOGS, run=run["runId"], after=after)["logsForRun"]
            after, more = logs["cursor"], logs["hasMore"]
            done.said.append(json.dumps(logs, ensure_ascii=False))
