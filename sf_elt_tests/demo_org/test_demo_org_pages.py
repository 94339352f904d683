"""docs/demo-org.md and the pages below it: their commands run, their tables name what there is."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import typer.main

from sf_elt.cli import app
from sf_elt.demo_org.auth.apps import ConnectedApp
from sf_elt.demo_org.faults import PRESETS
from sf_elt.demo_org.levers import Levers
from sf_elt.demo_org.org import Settings
from sf_elt.demo_org.serve import running_org
from sf_elt_tests.pages import PAGES, ROOT, Block, blocks

BELOW = ROOT / "docs" / "demo-org"
SHELL = [page for page in PAGES if page.parent == BELOW and any(block.page == page for block in blocks("sh"))]
STRICT = """
set -eu
curl() { command curl --silent --show-error --fail-with-body --max-time 20 "$@"; }
"""


@pytest.mark.parametrize("page", SHELL, ids=lambda page: page.name)
def test_commands_of_a_page_run(page: Path, tmp_path: Path) -> None:
    """The page's commands, one after the other in one shell, all succeed against an org."""
    bash = shutil.which("bash")
    if bash is None or shutil.which("curl") is None:
        pytest.skip("bash or curl is missing on this machine")
    commands = "".join(f"\n: {block}\n{block.text}" for block in blocks("sh") if block.page == page)
    with running_org(records=60, settings=Settings(person_accounts=True)) as details:
        (tmp_path / "org.json").write_text(details.as_json())
        login = f"export ORG={details.instance_url} TOKEN='{details.access_token}'\n"
        ended = subprocess.run(
            [bash, "-x", "-c", login + STRICT + commands], cwd=tmp_path, capture_output=True, text=True, timeout=60
        )
        asked = Levers(details.instance_url).calls.all()
    assert ended.returncode == 0, (ended.stdout + ended.stderr)[-3000:]
    assert [call["path"] for call in asked if call["status"] >= 400] == []


@pytest.mark.soak
@pytest.mark.parametrize("block", [each for each in blocks("python") if each.is_test_file], ids=str)
def test_tests_of_a_page_pass(block: Block, tmp_path: Path) -> None:
    """A test file that a page shows passes as it stands."""
    (tmp_path / "test_my_client.py").write_text(block.text)
    plugin = "sf_elt.demo_org.pytest_plugin"
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--strict-markers", "-p", plugin, "-p", "no:cacheprovider"],
        cwd=tmp_path, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout
    assert f"{block.text.count('def test_')} passed" in ended.stdout


def test_every_option_has_a_row() -> None:
    """The table of options has those that `--help` shows, with their defaults where they are numbers."""
    commands = typer.main.get_command(app)
    options = {
        parameter.opts[0]: parameter.default
        for parameter in commands.commands["demo-org"].params  # type: ignore[attr-defined] # a group has them
        if not parameter.hidden
    }
    rows = dict(re.findall(r"^\| `(--[\w-]+)` \| (\S+) \|", (ROOT / "docs/demo-org.md").read_text("utf-8"), re.M))
    assert rows.keys() == options.keys()
    numbers = {name: int(given) for name, given in rows.items() if given.isdecimal()}
    assert numbers == {name: options[name] for name in numbers}


def test_every_preset_has_a_row() -> None:
    """The table of presets is what `GET /demo/faults/presets` says of them."""
    page = (BELOW / "levers-and-faults.md").read_text("utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (.*) \|$", page, re.M)
    assert rows == [(name, preset.sentence) for name, preset in PRESETS.items()]


def test_every_attribute_of_an_app_has_a_row() -> None:
    """The table of apps names what `--apps` takes."""
    page = (BELOW / "logins.md").read_text("utf-8")
    rows = re.findall(r"^\| `(\w+)` \| .*\|$", page, re.M)
    assert rows == list(ConnectedApp.model_fields)
