"""Other tools, each in an environment of its own: `make bench-peers` installs benchmarks/peers/*.txt there."""

import json
import subprocess
from pathlib import Path
from typing import Any

from benchmarks.report import ROOT

SCRIPTS = Path(__file__).with_name("peers")
ENVIRONMENTS = ROOT / ".venv-peers"
NOT_INSTALLED = "not installed: make bench-peers"


class PeerFailed(Exception):
    """Another tool did not do its work; the message is what it printed."""


def python_of(environment: str) -> Path:
    """The interpreter of an environment."""
    return ENVIRONMENTS / environment / "bin" / "python"


def is_installed(*environments: str) -> bool:
    """Whether all of them are."""
    return all((ENVIRONMENTS / each / ".installed").exists() for each in environments)


def run_script(environment: str, script: str, given: dict[str, object]) -> dict[str, Any]:
    """Runs a script of benchmarks/peers and gives what it printed last, a line of JSON. Raises PeerFailed."""
    command = [str(python_of(environment)), str(SCRIPTS / script)]
    done = subprocess.run(command, input=json.dumps(given), capture_output=True, text=True, check=False)
    if done.returncode:
        raise PeerFailed(done.stderr[-4000:])
    printed: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return printed


def versions(environment: str, *packages: str) -> str:
    """`pandas 3.1.1, networkx 3.6.1`: of an environment's list of packages those, or the one that it is named for."""
    listed = (SCRIPTS / f"{environment}.txt").read_text().splitlines()
    pinned = dict(line.strip().split("==") for line in listed if "==" in line)
    return ", ".join(f"{package} {pinned[package]}" for package in packages or [environment])
