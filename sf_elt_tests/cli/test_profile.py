"""`sf-elt profile`, with this project's own mapping."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from sf_elt.cli import app
from sf_elt.components.deployment import load_tree
from sf_elt.components.profiles import Profiles
from sf_elt.insight import Audience, refresh_audiences
from sf_elt.profiles import build_profiles
from sf_elt.warehouse import Warehouse
from sf_elt_tests.profiles.streams import NOW, event, lead, lead_id, put
from sf_elt_tests.profiles.test_fuzzy_links import put_pairs

ADA = "ada@example.com"


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """Two leads and an event of one person, with an audience that has her; two more are one person by a fuzzy link."""
    warehouse = Warehouse(tmp_path_factory.mktemp("profile") / "warehouse")
    leads = [lead(1, ADA, lead_status="Open"), lead(2, ADA, lead_status="Clos\x1b[2Jed"), lead(3, "info@example.com")]
    leads += [lead(4, "bob@example.com"), lead(5, "bob@home.example.com")]
    put(warehouse, leads=leads, events=[event(datetime(2026, 3, 1, tzinfo=UTC), ADA, "c1")])
    with warehouse.write() as connection:  # the other columns of the mapping
        (component,) = load_tree().get_all_components(Profiles)
        for rule in component.mapping:
            if rule.stream == "salesforce_leads":
                sql_type = {"date": "TIMESTAMP"}.get(rule.type, rule.sql_type if rule.merge != "set" else "VARCHAR")
                for column in rule.columns:
                    connection.execute(f'ALTER TABLE salesforce_leads ADD COLUMN IF NOT EXISTS "{column}" {sql_type}')
    put_pairs(warehouse, {(lead_id(4), lead_id(5)): 0.97})
    build_profiles(warehouse, component.mapping, component.guards, fuzzy_threshold=0.95, now=NOW, run_id="test")
    everybody = Audience(name="Everybody", description="All.", condition="created_at IS NOT NULL")
    refresh_audiences(warehouse, [everybody], now=NOW, run_id="test")
    return warehouse


@pytest.fixture(autouse=True)
def _apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def _run(warehouse: Warehouse, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["profile", *arguments], env={"SF_ELT_DATA": str(warehouse.root), "COLUMNS": "160"})


def test_a_profile_is_explained(warehouse: Warehouse) -> None:
    """Rows, the winning and the losing value, audiences; nothing drives the terminal, and nobody else is shown."""
    result = _run(warehouse, f" {ADA.upper()}")
    assert result.exit_code == 0, result.output
    for told in (f"salesforce_leads {lead_id(1)}", "✓ Clos\\x1b[2Jed", "· Open", "Everybody  since", "web_cookies = "):
        assert told in result.stdout
    assert "\x1b[2J" not in result.stdout
    assert "info@" not in result.stdout


def test_a_fuzzy_link_says_how_probable_it_is_and_why(warehouse: Warehouse) -> None:
    """Both records, the probability, and of each compared field how it agrees and what that weighs."""
    told = _run(warehouse, "bob@example.com").stdout
    records = [f"salesforce_leads {lead_id(number)}" for number in (4, 5)]
    assert f"Fuzzy links\n{' ~ '.join(records)}  0.970\n  last_name: equal (+7.5)\n" in told
    assert "Fuzzy links" not in _run(warehouse, ADA).stdout


def test_json_has_everything(warehouse: Warehouse) -> None:
    """The same as JSON, by the Id of a lead."""
    found = json.loads(_run(warehouse, lead_id(2), "--json").stdout)
    status = found["fields"]["salesforce_lead_status"]
    assert [(said["record_id"], said["won"]) for said in status["said"]] == [(lead_id(2), True), (lead_id(1), False)]
    assert [stay["audience"] for stay in found["stays"]] == ["Everybody"]
    assert found["created_at"] == "2026-11-01T12:00:00Z"


def test_nobody_is_an_error(warehouse: Warehouse) -> None:
    """Somebody unknown ends with status 1 and a sentence that does not repeat who was asked for."""
    result = _run(warehouse, "nobody@example.com")
    assert (result.exit_code, "no profile has this identifier" in result.stderr) == (1, True)
    assert "nobody@" not in result.stderr
