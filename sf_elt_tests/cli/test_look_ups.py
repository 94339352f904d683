"""`sf-elt sf …` as a process: what it writes where, how it ends, and what it counts."""

import csv
import io
import json
import os
import pty
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sf_elt.cli import app
from sf_elt.demo_org.serve import Details, running_org
from sf_elt.warehouse import Warehouse
from sf_elt_tests.orgs import client, levers
from sf_elt_tests.safety.hostile import hostile, reply

NASTY = "\x1b]0;owned\x07\x1b[31mred\u202egnp.exe [bold]x[/] =SUM(A1)\tend"


@dataclass(frozen=True)
class Shell:
    """A folder and an environment in which commands run against an org."""

    org: Details
    folder: Path
    environment: dict[str, str]

    def run(self, *arguments: str, **changed: str) -> subprocess.CompletedProcess[str]:
        """`sf-elt sf …` with its output into pipes; `changed` are environment variables."""
        done = subprocess.run(
            ["sf-elt", "sf", *arguments],
            cwd=self.folder, env=self.environment | changed, capture_output=True, timeout=60,
        )  # fmt: skip
        written, said = done.stdout.decode(), done.stderr.decode()  # with line ends as they are
        return subprocess.CompletedProcess(done.args, done.returncode, written, said)

    def shown(self, *arguments: str, columns: int | None = None) -> str:
        """What a terminal of that width shows; without one, a terminal that knows no colours."""
        ours, theirs = pty.openpty()
        environment = self.environment | ({"TERM": "xterm", "COLUMNS": str(columns)} if columns else {"TERM": "dumb"})
        with os.fdopen(theirs, "wb") as terminal:
            command = ["sf-elt", "sf", *arguments]
            process = subprocess.Popen(command, cwd=self.folder, env=environment, stdout=terminal, stderr=terminal)
        seen = b""
        with os.fdopen(ours, "rb", buffering=0) as screen:
            while True:
                try:
                    some = screen.read(4096)
                except OSError:  # how Linux says that nobody writes to the terminal any more
                    break
                if not some:
                    break
                seen += some
        process.wait(60)
        return seen.decode().replace("\r\n", "\n")


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory, commands: str) -> Iterator[Shell]:
    """An org of 150 leads and contacts, one lead of which has a nasty title, and commands that log in to it."""
    folder = tmp_path_factory.mktemp("shell")
    with running_org(seed=7, records=150) as org:
        environment = {
            "PATH": f"{commands}:{os.environ['PATH']}",
            "SALESFORCE_LOGIN_URL": org.instance_url,
            "SALESFORCE_USERNAME": org.username,
            "SALESFORCE_PASSWORD": org.password,
            "SALESFORCE_SECURITY_TOKEN": org.security_token,
        }
        yield Shell(org, folder, environment)


@pytest.fixture(scope="module")
def nasty(shell: Shell) -> str:
    """The Id of the lead with the nasty title."""
    sf = client(shell.org)
    lead = sf.query("SELECT Id FROM Lead WHERE IsConverted = false LIMIT 1")["records"][0]["Id"]
    sf.Lead.update(lead, {"Title": NASTY})
    return str(lead)


def test_csv_and_json_hold_what_the_org_holds(shell: Shell, nasty: str) -> None:
    """All records, in full, into a pipe: CSV unless it is told; a related record is an object in JSON."""
    soql = "SELECT Id, Title, NumberOfEmployees, Owner.Name FROM Lead"
    stored = client(shell.org).query_all(f"{soql} ORDER BY Id")["records"]
    fields = ("--fields", "Id,title,NumberOfEmployees,owner.name")
    as_csv = shell.run("fetch", "lead", *fields)
    rows = list(csv.DictReader(io.StringIO(as_csv.stdout)))
    assert sorted((row["Id"], row["Title"], row["Owner.Name"]) for row in rows) == sorted(
        (row["Id"], row["Title"] or "", row["Owner"]["Name"]) for row in stored
    )
    for done in (
        shell.run("fetch", "Lead", *fields, "--format", "jsonl"),
        shell.run("query", soql, "--format", "jsonl"),
    ):
        objects = sorted((json.loads(line) for line in done.stdout.splitlines()), key=lambda row: row["Id"])
        assert [row["Title"] for row in objects] == [row["Title"] for row in stored]
        assert [row["Owner"] for row in objects] == [{"Name": row["Owner"]["Name"]} for row in stored]
    assert as_csv.stderr == ""


def test_json_is_one_document_of_whatever_a_command_shows(shell: Shell, nasty: str) -> None:
    """A list of records, or the one that was asked for; an error leaves standard output empty."""
    assert json.loads(shell.run("find", nasty, "--fields", "Id", "--json").stdout)["Id"] == nasty
    for arguments in (
        ("fetch", "Lead", "--fields", "Id"),
        ("query", "SELECT Id FROM Lead"),
        ("picklist", "Lead", "Status"),
    ):
        assert len(json.loads(shell.run(*arguments, "--json").stdout)) > 1
    refused = shell.run("query", "SELECT Nme FROM Lead", "--json")
    assert (refused.returncode, refused.stdout) == (1, "")


@pytest.mark.parametrize("how", ["table", "csv", "jsonl"])
def test_no_value_can_drive_a_terminal(shell: Shell, nasty: str, how: str) -> None:
    """Control characters and turned writing are shown as escapes, markup and formulas as the text that they are."""
    shown = shell.shown("find", nasty, "--fields", "Title", "--format", how).replace("\n", "")
    assert not {"\x1b", "\x07", "\u202e"} & set(shown)
    assert "[bold]x[/] =SUM(A1)" in shown
    assert {
        "table": "\\x1b]0;owned\\x07\\x1b[31mred\\u202egnp",
        "csv": "\\u202egnp",
        "jsonl": '"\\u001b]0;owned\\u0007',
    }[how] in shown


def test_a_wide_record_is_shown_as_lines(shell: Shell, nasty: str) -> None:
    """Where a table fits it is one, with labels; where it does not, each field has a line. No Id is ever broken."""
    arguments = ("fetch", "Lead", "--where", f"Id = '{nasty}'", "--fields", "Id,Status,Email,CreatedDate")
    assert len([line for line in shell.shown(*arguments, columns=160).splitlines() if nasty in line]) == 1
    narrow = shell.shown(*arguments, columns=40)
    assert nasty in narrow
    assert "─" not in narrow
    assert "Lead Source" in shell.shown("describe", "Lead", "--field", "LeadSource")


def test_a_long_list_says_how_much_of_it_is_shown(shell: Shell) -> None:
    """A table has 50 rows and says of how many, unless it is told."""
    soql = "SELECT Id FROM Task"
    total = client(shell.org).query(soql)["totalSize"]
    assert total > 50
    assert f"50 of {total} are shown" in shell.shown("query", soql)
    assert "are shown" not in shell.shown("query", soql, "--limit", str(total))


def test_people_are_found_whatever_they_are(shell: Shell) -> None:
    """One address, as user, contact and lead; fields that only some of them have are empty for the others."""
    sf = client(shell.org)
    contact, lead = (
        sf.query(f"SELECT Id FROM {each} {where} LIMIT 1")["records"][0]["Id"]
        for each, where in (("Contact", ""), ("Lead", "WHERE IsConverted = false"))
    )
    for object_name, an_id in (("Contact", contact), ("Lead", lead)):
        sf.restful(f"sobjects/{object_name}/{an_id}", method="PATCH", json={"Email": "o'neil@example.com"})
    done = shell.run("find-by-email", "O'NEIL@example.com", "--fields", "Id,Company,Account.Name")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert {(row["Object"], row["Id"]) for row in rows} == {("Contact", contact), ("Lead", lead)}
    assert all(bool(row["Company"]) == (row["Object"] == "Lead") for row in rows)


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["find", "003Hs0000000ZZZ"], 1, "there is no such record"),
        (["find", "003"], 2, "15 or 18"),
        (["find-by-email", "nobody@nowhere.example"], 1, "no user, contact or lead"),
        (["find-by-email", " "], 2, "give an e-mail address"),
        (["fetch", "Leads"], 1, "did you mean Lead?"),
        (["fetch", "Lead", "--fields", "Emial"], 1, "did you mean Email?"),
        (["fetch", "Lead", "--limit", "0"], 2, "--limit"),
        (["fetch", "Lead", "--where", "Status ="], 1, "MALFORMED_QUERY"),
        (["query", "SELECT Id FROM Leed"], 1, "did you mean Lead?"),
        (["query", "SELECT Nme FROM Lead"], 1, "did you mean Name?"),
        (["query", "SELECT Id FROM Lead", "--format", "xml"], 2, "xml"),
        (["picklist", "Lead", "Email"], 1, "no picklist"),
        (["campaign", "701Hs0000000ZZZ"], 1, "there is no such campaign"),
        (["members", "701Hs0000000ZZZ"], 1, "there is no such campaign"),
        (["member", "701Hs0000000ZZZ"], 2, "--lead or --contact"),
        (["member", "701Hs0000000ZZZ", "--lead", "003Hs0000000ZZZ"], 2, "not the Id of a lead"),
        (["member", "701Hs0000000ZZZ", "--lead", "00QHs0000000ZZZ"], 1, "not in this campaign"),
        (["campaigns", "--connection", "salesfroce"], 1, "salesforce"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(shell: Shell, arguments: list[str], status: int, words: str) -> None:
    """Status 1 where there is no such thing, or the org refuses; 2 for a wrong command. Nothing on standard output."""
    done = shell.run(*arguments, COLUMNS="200")
    assert (done.returncode, done.stdout) == (status, ""), done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("asked", [("query", "SELECT Id FROM Lead"), ("describe", "Lead")])
def test_what_a_proxy_refuses_is_told_as_its_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: tuple[str, str]
) -> None:
    """Its page has no code of the org's; and the command ends, though the error may be a cause of itself."""
    monkeypatch.chdir(tmp_path)
    with hostile(reply(b"<h1>Blocked</h1>", "Content-Type: text/html", status="403 Forbidden")) as server:
        monkeypatch.setenv("SALESFORCE_INSTANCE_URL", server.address)
        monkeypatch.setenv("SALESFORCE_ACCESS_TOKEN", "00D!marker.token")
        ended = CliRunner().invoke(app, ["sf", *asked])
    assert ended.exit_code == 1
    assert "403 Blocked (in a web page" in " ".join(ended.output.split())


def test_a_wrong_login_names_what_to_set_and_no_secret(shell: Shell) -> None:
    """Nothing set, a wrong password, an address that is none."""
    nothing = shell.run("campaigns", SALESFORCE_USERNAME="", SALESFORCE_PASSWORD="")
    assert (nothing.returncode, "set SALESFORCE_USERNAME" in nothing.stderr) == (1, True)
    wrong = shell.run("campaigns", SALESFORCE_PASSWORD="hunter2-hunter2")
    assert (wrong.returncode, "does not accept the login" in wrong.stderr) == (1, True)
    assert "hunter2" not in wrong.stderr
    elsewhere = shell.run("campaigns", SALESFORCE_LOGIN_URL="login.salesforce.com")
    assert (elsewhere.returncode, "is not an address" in elsewhere.stderr) == (1, True)


def test_calls_are_counted_and_the_reserve_is_kept(shell: Shell) -> None:
    """Each call of a command is one of the job `sf:cli`; where only the reserve is left, no query leaves."""
    ledger, pull = Warehouse(shell.folder / "data" / "warehouse").calls(), levers(shell.org)
    before = ledger.spent("sf:cli")
    pull.calls.clear()
    assert shell.run("campaigns").returncode == 0
    made = [call for call in pull.calls.all() if call["path"].startswith("/services/")]
    assert ledger.spent("sf:cli") - before == len(made) == 3  # login, describe, query
    try:
        pull.limit(1_000 + len(pull.calls.all()))  # what this deployment's connection leaves for others
        own = {"SF_ELT_DATA": "reserve"}  # a ledger remembers for an hour what the org said
        assert shell.run("campaigns", **own).returncode in (0, 1)  # the org says how many are left
        paused = shell.run("campaigns", **own)
    finally:
        pull.limit(100_000, give_back=True)
    assert paused.returncode == 1
    assert "reserve" in paused.stderr
    assert "paused until" in paused.stderr


def test_a_reader_that_has_had_enough_is_no_error(shell: Shell) -> None:
    """`… | head -n 1` shows no traceback."""
    done = subprocess.run(
        ["bash", "-c", "sf-elt sf fetch Lead --fields all --format jsonl | head -c 10"],
        cwd=shell.folder, env=shell.environment, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ('{"Id":"00Q', "")
