"""A person erased on request: in no table and no file afterwards, and not back after everything is read again."""

import random
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sf_elt.cli import app
from sf_elt.profiles import (
    ErasureUnfinished,
    Guards,
    NoSuchProfile,
    build_profiles,
    erase_profile,
    finish_erasures,
    preview_erasure,
)
from sf_elt.profiles.erasing import erasing
from sf_elt.warehouse import scratch
from sf_elt_tests.profiles.erasable import COOKIE, EMAIL, LATER, MAPPING, PERSON, TRACES, Erasable, erasable
from sf_elt_tests.profiles.streams import NOW, lead_id, table


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What every test of this module gets a copy of."""
    return erasable(tmp_path_factory.mktemp("made")).folder


@pytest.fixture
def found(made: Path, tmp_path: Path) -> Erasable:
    """A copy of the warehouse; the events lie where they lay."""
    shutil.copytree(made / "warehouse", tmp_path / "warehouse")
    (tmp_path / "events").symlink_to(made / "events")
    return Erasable(tmp_path)


def _erase(found: Erasable, asked: str = EMAIL) -> None:
    erase_profile(found.warehouse, MAPPING, asked, reason="request 17", now=NOW)


def test_no_byte_of_the_person_is_left_and_none_comes_back(found: Erasable) -> None:
    """Name, address, cookie and Id are in no file of the warehouse, also after all is read again; others stay."""
    assert set(found.in_files()["warehouse.duckdb"]) == set(TRACES)
    others = [row for row in table(found.warehouse, "profiles.profiles") if row["email"] != EMAIL.lower()]
    _erase(found)
    assert found.in_files() == {}
    leads = found.read_leads((LATER, EMAIL.lower(), "Zyxwv", "another record, of the same address"))
    assert (leads.rows_read, leads.rows_kept_out, leads.rows_new) == (4, 2, 0)
    found.read_everything()
    assert found.in_files() == {}
    assert table(found.warehouse, "profiles.profiles", "email") == sorted(others, key=lambda row: row["email"])
    texts = {row["Id"]: row["Note__c"] for row in table(found.warehouse, "streams.salesforce_leads")}
    assert texts == {lead_id(1): None, lead_id(2): "knows nobody"}
    assert [row["Name"] for row in table(found.warehouse, "streams.salesforce_accounts")] == ["Quux"]


def test_events_of_the_person_stay_out_of_files_that_are_read_again(found: Erasable) -> None:
    """Events and lines set aside that carry the erased cookie or address are counted, and in no table."""
    _erase(found)
    with found.warehouse.write() as connection:
        connection.execute("DELETE FROM ops.event_files; DELETE FROM streams.web_events; DELETE FROM ops.set_aside")
    report = found.read_events()
    assert (report.rows, report.set_aside, report.kept_out) == (1, 1, 3)
    assert found.in_files() == {}


@pytest.mark.soak
def test_builds_after_an_erasure_agree(found: Erasable) -> None:
    """The next build, one of only what changed and one of everything leave the same tables."""
    _erase(found)
    states = []
    assert found.build().why_anew == "somebody was erased"
    for anew in (False, False, True):
        found.build(anew=anew)
        states.append([table(found.warehouse, f"profiles.{name}") for name in ("profiles", "identifiers", "links")])
    assert states[0] == states[1] == states[2]


def test_an_erasure_that_was_cut_short_is_ended(found: Erasable, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped after its transaction, the person is gone from all tables, and an outcome of sync_log says what was done
    and how it ended, not to whom; the next call takes the bytes away, once nobody works with what was read before.
    """
    with monkeypatch.context() as patch:
        patch.setattr(erasing, "rewrite_file", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            _erase(found)
    with pytest.raises(NoSuchProfile):
        _erase(found)
    (row,) = table(found.warehouse, "writeback.sync_log")
    assert (row["profile_id"], row["subject_id"], row["record_id"], row["message"]) == ("erased", "erased", None, None)
    assert (row["status"], row["code"], row["changed_fields"]) == ("failed", "STRING_TOO_LONG", ["Rating"])
    assert found.in_files() != {}
    with scratch(found.warehouse), pytest.raises(ErasureUnfinished, match="a search for fuzzy pairs still runs"):
        finish_erasures(replace(found.warehouse, wait_seconds=0), now=NOW)
    assert finish_erasures(found.warehouse, now=NOW) == 1
    assert found.in_files() == {}
    assert finish_erasures(found.warehouse, now=NOW) == 0


@pytest.mark.soak
def test_an_identifier_of_others_as_well_stays_theirs(found: Erasable) -> None:
    """A cookie whose link to somebody else's row was refused is not kept out, and stays in that row."""
    with found.warehouse.write() as connection:
        connection.execute("UPDATE streams.web_events SET anonymous_id = ? WHERE event_id = 'm3'", [COOKIE])
        connection.execute("DELETE FROM ops.profile_builds")
    guarded = {"max_per_kind": {"email": 1}}
    build_profiles(found.warehouse, MAPPING, Guards.model_validate(guarded), now=NOW, run_id="test")
    holder = table(found.warehouse, "profiles.identifiers", f"value <> '{COOKIE}'")[0]["profile_id"]
    what = preview_erasure(found.warehouse, MAPPING, holder)
    assert what.shared == {"web_cookies": 1}
    erase_profile(found.warehouse, MAPPING, holder, reason="", now=NOW)
    assert COOKIE in {row["anonymous_id"] for row in table(found.warehouse, "streams.web_events")}


@pytest.mark.soak
def test_the_command_says_what_goes_and_asks(found: Erasable, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dry run changes nothing, an answer of no neither; neither repeats who was asked for; --yes erases."""
    monkeypatch.chdir(found.folder)
    monkeypatch.setattr(sys.modules["sf_elt.cli.erase"], "loaded_mapping", lambda _: MAPPING)

    def run(*arguments: str, answer: str = "") -> tuple[int, str]:
        environment = {"SF_ELT_DATA": str(found.warehouse.root)}
        result = CliRunner().invoke(app, ["erase", *arguments], env=environment, input=answer)
        return result.exit_code, result.output

    status, told = run(EMAIL, "--dry-run")
    assert (status, "streams.salesforce_leads  1" in told, "a.jsonl: line 1, 2, 3, 4" in told) == (0, True, True)
    assert not [trace for trace in TRACES if trace in told.lower()]
    assert run(EMAIL, answer="n\n")[0] == 1
    assert run(EMAIL, "--reason", f"for {EMAIL}")[0] == 1
    assert found.in_files() != {}
    assert run(PERSON, "--yes")[0] == 0
    assert found.in_files() == {}


@pytest.mark.soak
@pytest.mark.kill
def test_an_erasure_killed_at_any_moment_is_ended_by_another(made: Path, tmp_path: Path) -> None:
    """Twelve erasures killed at random moments, each followed by another: gone from every byte, and others whole."""
    chance = random.Random(7)
    command = [sys.executable, "-m", "sf_elt_tests.profiles.erasable"]
    began = time.monotonic()
    for number in range(13):
        folder = tmp_path / str(number)
        shutil.copytree(made / "warehouse", folder / "warehouse")
        (folder / "events").symlink_to(made / "events")
        found = Erasable(folder)
        process = subprocess.Popen([*command, str(folder)], stderr=subprocess.DEVNULL)
        if number == 0:
            assert process.wait() == 0
            whole = time.monotonic() - began
        else:
            time.sleep(whole * chance.uniform(0.3, 1.0))
            process.kill()
            process.wait()
            try:
                _erase(found)
            except NoSuchProfile:
                finish_erasures(found.warehouse, now=NOW)
        assert found.in_files() == {}
        found.read_everything()
        assert found.in_files() == {}
        assert {row["email"] for row in table(found.warehouse, "profiles.profiles")} == {
            "ann@x.example",
            "bob@x.example",
        }
