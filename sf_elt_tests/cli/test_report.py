"""`sf-elt report`: the page of a filled warehouse, in this machine's zone, and every command of the docs' page."""

import os
import shlex
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from typer.testing import CliRunner, Result

from sf_elt.cli import app
from sf_elt.warehouse import Warehouse
from sf_elt_tests.pages import blocks
from sf_elt_tests.report.standing import fill


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    warehouse = Warehouse(tmp_path_factory.mktemp("data") / "warehouse")
    fill(warehouse, datetime.now(UTC))
    return warehouse


@pytest.fixture(autouse=True)
def opened(warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a browser was told to open. No variable of an org is set."""
    addresses: list[str] = []
    monkeypatch.setattr(
        sys.modules["sf_elt.cli.report"], "open_in_browser", lambda address: addresses.append(address) or True
    )
    monkeypatch.setenv("SF_ELT_DATA", str(warehouse.root))
    for name in ("SALESFORCE_INSTANCE_URL", "SALESFORCE_USERNAME", "SALESFORCE_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return addresses


def test_the_page_is_written_and_opened(warehouse: Warehouse, opened: list[str]) -> None:
    """Its path on standard output, for a script; how much needs attention beside it; the browser gets the file."""
    file = warehouse.root.parent / "report.html"
    result = _run("--open")
    assert (result.exit_code, result.stdout.strip(), opened) == (0, str(file), [file.as_uri()])
    said = result.stderr.split()
    assert said[1:] == ["things", "need", "attention."]
    assert file.read_text("utf-8").count('<p class="do">') == int(said[0]) > 1


def test_what_keeps_it_from_being_made_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A place where no file can be, and a warehouse that has never been written: a sentence, and nothing is made."""
    (tmp_path / "taken").touch()
    result = _run("--out", "taken/report.html")
    assert (result.exit_code, "taken/report.html cannot be written: " in result.stderr) == (1, True), result.output
    monkeypatch.setenv("SF_ELT_DATA", str(tmp_path / "nowhere"))
    result = _run()
    assert (result.exit_code, "materialize an import first" in result.stderr) == (1, True), result.output
    assert [each.name for each in tmp_path.iterdir()] == ["taken"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")
def test_a_folder_of_another_user_is_told_with_both(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the page cannot be put it says whose the folder is, who runs this, and that there are other places."""
    assert _run("--out", "first.html").exit_code == 0  # loads what the other user may not read of Python
    with TemporaryDirectory() as folder:
        theirs = Path(shutil.copytree(warehouse.root, Path(folder) / "warehouse"))
        for each in (theirs.parent, theirs, *theirs.rglob("*")):
            each.chmod(0o755)
        monkeypatch.setenv("SF_ELT_DATA", str(theirs))
        monkeypatch.chdir(folder)
        os.seteuid(65_534)
        try:
            result = _run()
        finally:
            os.seteuid(0)
    assert result.exit_code == 1
    for said in (f"{folder}/report.html cannot be written: ", "nobody and not root", "another place with --out"):
        assert said in " ".join(result.stderr.split()), result.output


def test_the_commands_of_the_page_run() -> None:
    """Every line of the shell blocks of docs/report.md ends well."""
    text = "".join(block.text for block in blocks("sh") if block.page.name == "report.md")
    commands = [shlex.split(line, comments=True) for line in text.splitlines()]
    assert len(commands) >= 3
    for program, command, *arguments in commands:
        result = _run(*arguments)
        assert (program, command, result.exit_code) == (".venv/bin/sf-elt", "report", 0), result.output


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["report", *arguments])
