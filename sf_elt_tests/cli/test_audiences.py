"""`sf-elt audiences`: the project's own audiences on a small warehouse, and every command of the page."""

import json
import shlex
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from sf_elt.cli import app
from sf_elt.insight import refresh_audiences
from sf_elt.warehouse import Warehouse
from sf_elt_tests.insight.well_known import people_with_scores, shipped_audiences
from sf_elt_tests.pages import blocks

NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """Three people, two with behaviour; the project's first two audiences have been evaluated."""
    warehouse = Warehouse(tmp_path_factory.mktemp("audiences") / "warehouse")
    people_with_scores(
        warehouse, {"ada": {"frequency": 80}, "grace": {"frequency": 70, "recency": 90}, "mary": {}}, now=NOW
    )
    refresh_audiences(warehouse, shipped_audiences()[:2], now=NOW, run_id="test")
    return warehouse


@pytest.fixture(autouse=True)
def _environment(warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SF_ELT_DATA", str(warehouse.root))
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.chdir(tmp_path)


def test_a_preview_as_json_is_whole() -> None:
    """Size, share, overlaps, moves and reasons of every audience, in the YAML's order; samples by their columns."""
    found = json.loads(_run("preview", "--json").stdout)
    assert found["profiles"] == 3
    assert [each["audience"] for each in found["audiences"]] == [each.name for each in shipped_audiences()]
    frequent = found["audiences"][0]
    assert (frequent["size"], frequent["definition"], frequent["entering"]) == (2, "same", {})
    assert {row["email"] for row in frequent["sample"]} == {"a***@e***.com", "g***@e***.com"}


def test_standing_audiences_as_json_have_their_moves_and_sizes() -> None:
    """Those that have been evaluated, the largest first; who came because of a new definition is told apart."""
    frequent, other = json.loads(_run("list", "--json").stdout)
    assert (frequent["name"], frequent["members"], other["members"]) == ("Frequent visitors", 2, 0)
    assert frequent["week"] == frequent["month"] == {"entered": 0, "left": 0, "let_in": 2, "put_out": 0}
    assert [(size["members"], size["entered"]) for size in frequent["sizes"]] == [(2, 0)]


def test_one_audience_is_shown_in_detail() -> None:
    """The condition, how many of all, what it has in common with others, masked members."""
    said = _run("preview", "Frequent visitors").stdout
    for each in ("frequency > 65", "2 of 3 profiles, 66.7%", "Would enter: nobody", "a***@e***.com"):
        assert each in said
    assert "ada@" not in said


def test_a_topic_that_nobody_read_about_is_told() -> None:
    """Beside the preview, which is made all the same."""
    result = _run("preview", "--condition", "affinity('Pricing') > 0.5")
    assert (result.exit_code, "nobody has an affinity to `pricing`" in result.stderr) == (0, True), result.output


def test_what_is_wrong_ends_with_a_sentence() -> None:
    """A name that there is not, a condition that does not fit, both at once, and no warehouse yet."""
    for arguments, says in (
        (("preview", "Frequent visitor"), "there is no audience 'Frequent visitor'; did you mean 'Frequent visitors'?"),
        (
            ("preview", "--condition", "frequency > 'a'"),
            "This condition: `frequency > 'a'`: 'a' cannot be read as *int*",
        ),
        (("preview", "New", "--condition", "true"), "not both"),
    ):
        result = _run(*arguments)
        assert (result.exit_code, says in result.stderr) == (1, True), result.output


def test_a_warehouse_that_is_empty_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is made where nothing is: the error says what to do first."""
    monkeypatch.setenv("SF_ELT_DATA", str(tmp_path / "nowhere"))
    result = _run("list")
    assert result.exit_code == 1
    assert "materialize an import first" in result.stderr
    assert not (tmp_path / "nowhere").exists()


def test_the_commands_of_the_page_run() -> None:
    """Every line of the shell blocks of docs/audiences.md ends well."""
    text = "".join(block.text for block in blocks("sh") if block.page.name == "audiences.md")
    commands = [shlex.split(line, comments=True) for line in text.splitlines()]
    assert len(commands) >= 4
    for program, audiences, *arguments in commands:
        result = _run(*arguments)
        assert (program, audiences, result.exit_code) == (".venv/bin/sf-elt", "audiences", 0), result.output


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["audiences", *arguments])
