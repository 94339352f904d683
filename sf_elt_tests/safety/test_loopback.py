"""Dagster asks nobody for a password: whatever starts its web server says that it listens on loopback."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted(
    file
    for place in ("README.md", "docs", "deploy", "sf_elt")
    for file in ([ROOT / place] if (ROOT / place).is_file() else (ROOT / place).rglob("*"))
    if file.suffix in (".md", ".service", ".yaml", ".py", ".conf") and "demo_org" not in file.parts
)
STARTS = re.compile(
    r"^.*bin/dagster dev\b.*$|^.*dagster-webserver\b.*--(?:port|workspace)\b.*$|^.*\bdagster dev -.*$", re.M
)


def test_every_command_names_loopback() -> None:
    """In the pages, in the files of deployments and in what commands print."""
    starts = [(file, line[0].strip()) for file in FILES for line in STARTS.finditer(file.read_text("utf-8"))]
    assert len(starts) >= 6
    outside = [(file.name, line) for file, line in starts if not re.search(r"(-h|--host) 127\.0\.0\.1\b", line)]
    assert [name for name, _ in outside] == ["compose.yaml"]  # inside of a container, whose port is published so:


@pytest.mark.parametrize("file", sorted((ROOT / "deploy").rglob("compose.yaml")), ids=lambda file: file.name)
def test_containers_publish_on_loopback(file: Path) -> None:
    """Each port of a container is published on 127.0.0.1 of the host, or not at all."""
    ports = re.findall(r"^\s*(?:ports:\s*\[|-\s*)\"([^\"]*:\d+)\"", file.read_text("utf-8"), re.M)
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)
