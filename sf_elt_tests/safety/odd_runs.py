"""Runs that are not a schedule's: one that is killed in the middle, and those that somebody tells what to read."""

import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import dagster as dg

from sf_elt.components.keys import stream_key
from sf_elt_tests.components.conftest import ROOT

if TYPE_CHECKING:
    from sf_elt_tests.safety.flows import Done

CONTACTS = stream_key("salesforce_contacts")

_KILLED = """
import json, os, pathlib, signal, sys
import dagster as dg
from sf_elt.streams import importing
from sf_elt_tests.safety.marked_project import definitions_of

importing.merge_download = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
definitions = definitions_of(pathlib.Path(sys.argv[1]))
with dg.DagsterInstance.get() as instance:
    assets = list(definitions.resolve_asset_graph().assets_defs)
    dg.materialize(assets, selection=sys.argv[2], instance=instance, tags=json.loads(sys.argv[3]))
"""
"""An import that dies when all it was sent has landed."""


def killed_import(done: "Done") -> None:
    """Nobody is left to clear up: what it landed lies there until the next run."""
    module = str(done.folder / "project" / "marked_project")
    command = [sys.executable, "-c", _KILLED, module, "key:streams/salesforce_contacts"]
    ended = subprocess.run(
        [*command, json.dumps(done.deployed.range_tags())],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(done.folder / "project"), str(ROOT)])},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert ended.returncode == -signal.SIGKILL, ended.stdout
    assert any((done.folder / "warehouse" / "landing").rglob("*.*"))
    done.said.append(ended.stdout)
    for run in done.deployed.instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])):
        done.deployed.instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)  # as the daemon would


def reads_by_hand(done: "Done") -> None:
    """What somebody tells a single run in the Launchpad, well and not."""
    told: dict[str, dict[str, object]] = {
        "a dry run by hand": {"dry_run": True, "fields": ["Email"]},
        "two by hand": {"limit": 2},
        "fields by hand": {"fields": ["LastName", "Email", "Phone"]},
        "since by hand": {"since": done.deployed.first_day.isoformat()},
        "no such field": {"fields": ["Emial"]},
        "no such day": {"since": "yesterday"},
    }
    for what, config in told.items():
        ops: dict[str, object] = {"import_salesforce_contacts": {"config": config}}
        done.run(what, dg.AssetSelection.assets(CONTACTS), well=not what.startswith("no "), config={"ops": ops})
