"""`sf-elt init`: at a terminal as somebody would use it, and for scripts."""

import json
import os
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from sf_elt.cli import app
from sf_elt.cli.init.answers import AnswersRefused
from sf_elt.cli.init.choosing import matches, nearest
from sf_elt.cli.init.offered import Named
from sf_elt.cli.init.planning import Change, Plan, planned
from sf_elt.cli.init.proposing import proposed
from sf_elt.cli.init.standing import read_standing
from sf_elt.cli.init.writing import write_changes
from sf_elt.demo_org.serve import Details
from sf_elt_tests.cli.at_terminal import AtTerminal
from sf_elt_tests.components.deployments import environment_of
from sf_elt_tests.shared_orgs import org, org_of_module

__all__ = ["org", "org_of_module"]

SMALL = """\
type: sf_elt.components.SalesforceConnection
attributes: {name: salesforce, env_prefix: SALESFORCE_, org_reserve: 10}
---
type: sf_elt.components.SalesforceImport
attributes:
  name: mine
  connection: salesforce
  start: "2026-01-01"
  max_daily_api_calls: 100
  frequency: hourly # 5 minutes to 12 hours
  objects:
    - object: Lead
---
type: sf_elt.components.Profiles
attributes:
  mapping:
    - {stream: salesforce_leads, source: lead_email, to: email, type: string, identifier: true}
"""
FIELDS = [Named("AnnualRevenue", "Annual Revenue"), Named("Email", "Email"), Named("Phone", "Business Phone")]


@pytest.fixture(autouse=True)
def _environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("SALESFORCE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("SF_ELT_DATA", str(tmp_path / "warehouse"))
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.chdir(tmp_path)


def test_somebody_answers_at_a_terminal(org: Details, commands: str, tmp_path: Path) -> None:
    """With an org that can be asked: names are searched, mistyped, taken out; a condition is refused at once; what the
    org lacks is said, rows and calls are shown, and what is written is what was answered.
    """
    environment = environment_of(org) | {"PATH": commands, "SF_ELT_DATA": str(tmp_path / "warehouse"), "TERM": "xterm"}
    into = tmp_path / "defs"
    with AtTerminal(["sf-elt", "init", "--into", str(into)], environment, tmp_path) as there:
        there.answer("What imports and exports call it [salesforce]", "")
        assert "SALESFORCE_LOGIN_URL says so" in there.answer("Search", "subscr")
        assert "Subscription" in there.answer("Search", "1")
        there.answer("Search", "-Acount")
        assert "did you mean -Account?" in there.answer("Search", "Oportunity")
        assert "Nothing is called Oportunity. Did you mean" in there.answer("Search", "")
        assert "by SystemModstamp" in there.answer("Choose the fields of", "Leed")
        assert "did you mean 'Lead'?" in there.answer("Choose the fields of", "lead")
        there.answer("Search", "annual rev")
        assert "Annual Revenue" in there.answer("Search", "1")
        there.answer("Search", "-Phone")
        there.answer("Search", "")
        there.answer("Choose the fields of", "")
        there.answer("Search", "-Binge users")
        there.answer("Search", "")
        there.answer("its name (Enter: none)", "Warm leads")
        there.answer("Who is in it", "Leads that move")
        there.answer("Condition", "recencyy > 60")
        assert "did you mean recency?" in there.answer("Condition", "recency > 60")
        there.answer("its name (Enter: none)", "")
        there.answer("Search", "-Contact")
        there.answer("Search", "")
        there.answer("Which records are written [ids]", "2")
        there.answer("Field = user field", "Email = emial")
        assert "did you mean 'email'?" in there.answer("Field = user field", "Email = email")
        there.answer("Search", "Warm leads")
        there.answer("Search", "")
        there.answer("names of the audiences", "Groups__c")
        there.answer("gets the scores", "-")
        there.answer("Switch this export on", "")
        said = there.answer("Write 9 new files?", "y")
        assert "The org has no Lead.Groups__c" in said
        assert "First import of salesforce" in said
        assert "API calls" in said
        assert there.ended() == 0
    assert "sf-elt setup salesforce --apply" in there.seen
    written = {each.parent.name: _documents(each) for each in into.rglob("defs.yaml")}
    [imported] = written["imports"]
    names = [each["object"] for each in imported["objects"]]
    assert names == ["Lead", "Contact", "Account", "Opportunity", "OpportunityContactRole", "Subscription__c"]
    assert "AnnualRevenue" in imported["objects"][0]["fields"]
    assert "Phone" not in imported["objects"][0]["fields"]
    audiences = [each["name"] for each in written["audiences"][0]["audiences"]]
    assert "Binge users" not in audiences
    assert audiences[-1] == "Warm leads"
    [export] = written["exports"]
    assert export["matchers"] == {"Email": "email"}
    assert export["audiences_field"] == "Groups__c"
    assert "scores_field" not in export
    assert export["keep_updated"] == "{{ env('SF_ELT_WRITE_BACK', '') or 'false' }}"
    assert org.password not in there.seen


def test_who_stops_answering_has_nothing_written(commands: str, tmp_path: Path) -> None:
    """The end of input (Ctrl-D) at a question ends it, and it says so. Lines that are pasted together are one answer.

    Without an org a name that looks mistyped is taken only by its number, and one of a custom object as it is. What is
    chosen is searched too.
    """
    into = tmp_path / "defs"
    command = ["sf-elt", "init", "--offline", "--into", str(into)]
    with AtTerminal(command, {"PATH": commands, "TERM": "xterm"}, tmp_path) as there:
        there.answer("What imports and exports call it", "")
        there.answer("Which org", "")
        there.answer("How will it log in", "")
        there.answer("Search", "\x1b[200~Oportunity\nRenewal__c\x1b[201~")
        assert "Nothing is called Oportunity. Did you mean" in there.answer("Search", "-Contact")
        there.answer("Search", "Contract")
        assert "as you have written it" in there.answer("Search", "2")
        there.answer("Search", "enewxl\x1b[D\x7fa")  # an arrow key, and the letter before it mended
        assert "Renewal__c" in there.answer("Search", "1, 1").split("enewal", 1)[1]
        there.answer("Search", "renewal__c")
        assert "Renewal__c is chosen already." in there.answer("Search", "?")
        last = there.answer("Search", "\x04", enter=False)
        assert "Renewal__c, Contract" in last
        assert "Oportunity" not in last
        assert there.ended() == 1
    assert "Nothing was written." in there.seen
    assert not into.exists()


def test_a_script_gets_a_deployment_without_a_question(tmp_path: Path) -> None:
    """--yes into an empty folder: what most begin with, as JSON, and with --show what that would be.

    The same again would change nothing.
    """
    defs = tmp_path / "defs"
    shown = json.loads(_run("--yes", "--json", "--offline", "--show", "--into", str(defs)).stdout)
    assert (shown["written"], defs.exists()) == ([], False)
    told = json.loads(_run("--yes", "--json", "--offline", "--into", str(defs)).stdout)
    assert told["written"] == shown["would_write"]
    assert len(told["written"]) == 9
    assert len(told["next"]) == 3
    standing = read_standing(defs)
    assert planned(proposed(standing, defs), standing, defs) == Plan(())


def test_a_file_of_answers_is_enough_for_new_files(tmp_path: Path) -> None:
    """What the answers leave out is as usual; without a login it says what is left to do."""
    answers = tmp_path / "answers.yaml"
    answers.write_text(
        "connection: {name: sandbox, org: sandbox}\nimports: {objects: [Lead]}\naudiences: []\n", "utf-8"
    )
    result = _run("--answers", str(answers), "--into", str(tmp_path / "defs"))
    assert result.exit_code == 0, result.output
    assert "sf-elt login sandbox" in result.stdout
    [connection] = _documents(tmp_path / "defs" / "connection" / "defs.yaml")
    assert (connection["org"], connection["env_prefix"]) == ("sandbox", "SANDBOX_")
    assert not (tmp_path / "defs" / "audiences").exists()


def test_a_file_that_stands_is_changed_only_where_somebody_agrees(tmp_path: Path) -> None:
    """The difference is shown; without a terminal it takes --yes. Nothing comes that was not answered."""
    defs, before = tmp_path / "defs", SMALL
    defs.mkdir()
    (defs / "defs.yaml").write_text(SMALL, "utf-8")
    (tmp_path / "answers.yaml").write_text("imports: {frequency: daily}\n", "utf-8")
    command = ["--answers", str(tmp_path / "answers.yaml"), "--offline", "--into", str(defs)]
    refused = _run(*command)
    assert refused.exit_code == 1
    assert "-  frequency: hourly # 5 minutes" in refused.stdout
    assert "+  frequency: daily # 5 minutes" in refused.stdout
    assert "nobody is there to agree" in refused.stderr
    assert (defs / "defs.yaml").read_text("utf-8") == before
    assert _run(*command, "--yes").exit_code == 0
    assert (defs / "defs.yaml").read_text("utf-8") == before.replace("frequency: hourly #", "frequency: daily #")


@pytest.mark.parametrize(
    ("arguments", "answers", "said"),
    [
        ([], "", "there is no terminal to ask at: give --answers FILE, or --yes"),
        (["--answers", "answers.yaml"], "imports: {objects: [Lead], frequency: hourley}", "did you mean 'hourly'?"),
        (["--answers", "answers.yaml"], "audiences: [{name: A, description: B, condition: recencyy > 1}]", "recency"),
        (["--answers", "answers.yaml"], "conection: {}", "conection: Extra inputs are not permitted"),
        (["--answers", "none.yaml"], "", "none.yaml"),
        (["--json"], "", "there is no terminal"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_written(
    arguments: list[str], answers: str, said: str, tmp_path: Path
) -> None:
    """With the reason in a sentence, and the exit code 1."""
    (tmp_path / "answers.yaml").write_text(answers, "utf-8")
    result = _run(*arguments, "--offline", "--into", str(tmp_path / "defs"))
    assert result.exit_code == 1
    assert said in result.stderr
    assert not (tmp_path / "defs").exists()


@pytest.mark.parametrize(
    ("query", "found", "near"),
    [
        ("rev", ["AnnualRevenue"], []),
        ("phone", ["Phone"], ["Phone"]),
        ("business ph", ["Phone"], ["Phone"]),
        ("Emial", [], ["Email"]),
        ("", ["Email", "Phone", "AnnualRevenue"], []),
        ("xyz", [], []),
    ],
)
def test_names_and_labels_are_searched(query: str, found: list[str], near: list[str]) -> None:
    """Parts of either, in any letter case; what is mistyped is near."""
    assert [each.name for each in matches(query, FIELDS)] == found
    if not found:
        assert [each.name for each in nearest(query, FIELDS)] == near


def test_all_files_are_written_or_none(tmp_path: Path) -> None:
    """Not where one cannot be made, nor where somebody has changed one meanwhile; a link stays one, and modes stay."""
    kept, link, in_the_way = tmp_path / "kept.yaml", tmp_path / "link.yaml", tmp_path / "file"
    kept.write_text("old", "utf-8")
    kept.chmod(0o640)
    link.symlink_to(kept)
    in_the_way.touch()
    new = [Change(tmp_path / "a" / "b" / "defs.yaml", None, "new"), Change(link, "old", "new")]
    for change, refused in (
        (Change(in_the_way / "defs.yaml", None, "new"), FileExistsError),
        (Change(in_the_way, "as it was read", "new"), AnswersRefused),
    ):
        with pytest.raises(refused):
            write_changes([*new, change])
        assert sorted(each.name for each in tmp_path.iterdir()) == ["file", "kept.yaml", "link.yaml"]
        assert kept.read_text("utf-8") == "old"
    write_changes(new)
    assert [each.file.read_text("utf-8") for each in new] == ["new", "new"]
    assert (link.is_symlink(), kept.stat().st_mode & 0o777) == (True, 0o640)


def _documents(file: Path) -> list[dict]:
    return [each["attributes"] for each in yaml.safe_load_all(file.read_text("utf-8"))]


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["init", *arguments])
