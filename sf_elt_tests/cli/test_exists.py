"""`sf-elt exists`: who of a list is in the org, by the org's own records, in a handful of calls."""

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
from simple_salesforce import Salesforce
from typer.testing import CliRunner, Result

from sf_elt.cli import app, people_files
from sf_elt.cli.people_files import FileRefused, people_in_file, write_answer
from sf_elt.demo_org.serve import Details
from sf_elt.insight import refresh_audiences
from sf_elt.salesforce.matching import Person
from sf_elt.salesforce.matching.people import domain_of
from sf_elt.warehouse import Warehouse
from sf_elt_tests.insight.well_known import people_with_scores, shipped_audiences
from sf_elt_tests.orgs import client, copy_of_small_org, levers

NOW = datetime.now(UTC)


@dataclass(frozen=True)
class Known:
    """Somebody the org knows, and what of them it has."""

    email: str
    ids: dict[str, list[str]]
    status: str
    company: str = ""


@pytest.fixture(scope="module")
def details(small_org: Path) -> Iterator[Details]:
    with copy_of_small_org(small_org) as details:
        yield details


@pytest.fixture(scope="module")
def known(details: Details) -> dict[str, Known]:
    """One person for each way to be in the org; the account has a name that a spreadsheet would compute."""
    sf = client(details)
    account = sf.Account.create({"Name": "=HYPERLINK(1)", "Website": "https://www.acme.example/"})["id"]
    alone = _lead(sf, "Only.Lead@example.com")
    contact = sf.Contact.create({"LastName": "C", "Email": "sought@example.com", "AccountId": account})["id"]
    twice = [_lead(sf, "twice@example.com") for _ in range(2)]
    email, converted, became, of = _converted(sf)
    people = [
        Known("only.lead@EXAMPLE.com", {"lead_ids": [alone]}, "lead"),
        Known("sought@example.com", {"contact_ids": [contact], "account_ids": [account]}, "contact"),
        Known("twice@example.com", {"lead_ids": sorted(twice), "account_ids": [account]}, "several", "=hyperlink(1)"),
        Known(email, {"lead_ids": [converted], "contact_ids": [became], "account_ids": [of]}, "converted lead"),
        Known("+new@acme.example", {"account_ids": [account]}, "account", "acme.example"),
        Known("stranger@example.com", {}, "nowhere"),
    ]
    return {each.status: each for each in people}


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """Two members of an audience, of whom one has two addresses and one is unknown to the org; Mary has left it."""
    warehouse = Warehouse(tmp_path_factory.mktemp("exists") / "warehouse")
    people_with_scores(warehouse, {"sought": {"frequency": 80}, "grace": {"frequency": 70}, "mary": {}}, now=NOW)
    refresh_audiences(warehouse, shipped_audiences()[:1], now=NOW, run_id="test")
    with warehouse.write() as connection:
        connection.execute("""
            INSERT INTO profiles.identifiers
            SELECT kind, 'twice@example.com', profile_id, first_seen
            FROM profiles.identifiers WHERE value = 'sought@example.com'
        """)
        connection.execute("""
            INSERT INTO insight.audience_members
            SELECT DISTINCT ON (audience) audience, mary.profile_id, entered_at, entered_at, 'person', 'person'
            FROM insight.audience_members, profiles.profiles AS mary WHERE mary.email = 'mary@example.com'
        """)
    return warehouse


@pytest.fixture(autouse=True)
def _environment(details: Details, warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SF_ELT_DATA", str(warehouse.root))
    monkeypatch.setenv("SALESFORCE_INSTANCE_URL", details.instance_url)
    monkeypatch.setenv("SALESFORCE_ACCESS_TOKEN", details.access_token)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)


def test_the_answer_is_what_the_org_holds(known: dict[str, Known], details: Details) -> None:
    """Each person of a list is found as what they are, in as many calls as are told; only the owner may read it."""
    lines = [f"{each.email};{each.company}" for each in known.values()]
    Path("list.csv").write_text("\n".join(["E-Mail;Company Domain", *lines, ";"]) + "\n")
    levers(details).calls.clear()
    result = _run("list.csv", "--out", "answer.jsonl")
    assert result.exit_code == 0, result.output
    calls = len(levers(details).calls.all())
    assert calls <= 5
    assert f"{calls} API calls made. The answer is in answer.jsonl." in result.stderr
    assert result.stdout == ""
    rows = [json.loads(line) for line in Path("answer.jsonl").read_text().splitlines()]
    assert [row["status"] for row in rows] == [*known, "not asked"]
    for row, person in zip(rows, known.values(), strict=False):
        found = {name: row[name] for name in ("lead_ids", "contact_ids", "account_ids") if row[name]}
        assert found == person.ids
        assert row["is_converted"] == (person.status == "converted lead")
        assert bool(row["owner_emails"]) == (person.status != "nowhere")
    assert rows[1]["account_names"] == ["=HYPERLINK(1)"]
    assert Path("answer.jsonl").stat().st_mode & 0o077 == 0


def test_an_answer_is_whole_in_a_file_of_each_kind(tmp_path: Path) -> None:
    """Lists are lists where there are such; a spreadsheet computes nothing; what was there before is replaced."""
    rows: list[dict[str, object]] = [
        {"email": "+a@x.org", "is_converted": True, "account_names": ["=1+1", "B"]},
        {"email": None, "is_converted": False, "account_names": []},
    ]
    for ending in ("jsonl", "parquet", "csv"):
        (tmp_path / f"answer.{ending}").write_text("old")
        write_answer(tmp_path / f"answer.{ending}", [*rows[0]], rows)
    assert [json.loads(line) for line in (tmp_path / "answer.jsonl").read_text().splitlines()] == rows
    assert pq.read_table(tmp_path / "answer.parquet").to_pylist() == rows
    text = "email,is_converted,account_names\n'+a@x.org,true,'=1+1; B\n,false,\n"
    assert (tmp_path / "answer.csv").read_text() == text
    assert len(list(tmp_path.iterdir())) == 3


def test_members_of_an_audience_are_looked_for(known: dict[str, Known]) -> None:
    """By all addresses of their profiles, and all values of another user field; shown, and counted in a table."""
    result = _run(shipped_audiences()[0].name, "--company-column", "salesforce_lead_ids", "--format", "jsonl")
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert {row["company"][:3] for row in rows} == {"00Q"}
    assert {row["email"]: row["status"] for row in rows} == {
        "sought@example.com; twice@example.com": "several",
        "grace@example.com": "nowhere",
    }
    assert "As several leads or contacts" in result.stderr
    assert _run(shipped_audiences()[0].name, "--format", "table").stdout.splitlines()[0].split() == ["E-mail", "Found",
        "Leads", "Contacts", "Accounts", "Account", "names", "Owner's", "e-mail"]  # fmt: skip


def test_what_cannot_be_looked_for_is_told_before_any_call(details: Details) -> None:
    """A file or audience that there is not, a list without addresses, an answer that could not be written."""
    Path("people.csv").write_text("Name,Phone\nAda,1\n")
    Path("people.xlsx").write_bytes(b"PK")
    Path("good.csv").write_text("email\nada@example.com\n")
    levers(details).calls.clear()
    wrong = {
        ("Frequent visitor",): "no audience 'Frequent visitor' that was evaluated (did you mean Frequent visitors?)",
        ("Frequent visitors", "--email-column", "emial"): "no user field 'emial' that is text (did you mean email?)",
        ("poeple.csv",): "there is no file poeple.csv (did you mean people.csv?)",
        ("long " * 1000,): "and as an audience: ",
        (f"{'long' * 1000}.csv",): "there is no file longlong",
        ("people.csv",): "no column of e-mail addresses, such as `email`; it has Name, Phone",
        ("people.csv", "--email-column", "Fone"): "no column 'Fone' (did you mean Phone?); it has Name, Phone",
        ("people.xlsx",): "save the list as CSV",
        ("good.csv", "--out", "answer.xlsx"): "must end in .csv, .jsonl or .parquet",
        ("good.csv", "--out", "good.csv"): "is the list itself",
        ("good.csv", "--out", "nowhere/answer.csv"): "cannot be written",
    }
    for arguments, says in wrong.items():
        result = _run(*arguments)
        assert (result.exit_code, says in result.stderr.replace("\n", " ")) == (1, True), result.output
    assert levers(details).calls.all() == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("people [1].csv", "name,EMAILS\nAda,\"a@x.org, b@x.org\"\nNo,\n"),
        ("list.tsv", "name\tE-mail address\nAda\ta@x.org;b@x.org\nNo\tnone\n"),
        ("list.jsonl", '{"emails": ["a@x.org", "b@x.org"]}\n{"emails": null}\n'),
        ("list.json", '[{"email": "a@x.org b@x.org"}, {"email": "-"}]'),
        ("bom.csv", "\ufeffemail\n\"a@x.org;b@x.org\"\n\"\"\n"),
    ],
)  # fmt: skip
def test_lists_of_any_form_are_read(tmp_path: Path, name: str, text: str) -> None:
    """One person a row, with all addresses of the cell."""
    (tmp_path / name).write_text(text)
    assert people_in_file(tmp_path / name) == [Person(("a@x.org", "b@x.org")), Person()]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("people.csv", "email\n" + "a@x.org\n" * 21),
        ("people.csv.gz", "email\n" + "a@x.org\n" * 21),
        ("one-line.csv.gz", "email\n" + "0" * 1000),
        ("header.csv", "0" * 2000),
        ("people.jsonl.gz", '{"email": "a@x.org"}\n' * 21),
        ("long.json", f'[{{"email": "{"0" * 1000}", "n": 7}}]'),
        ("nested.jsonl.gz", f'{{"email": ["{"0" * 500}", "{"1" * 500}"]}}'),
        ("said-once.parquet", "SELECT repeat('0', 100) AS email FROM range(15)"),
    ],
)
def test_a_list_without_measure_is_refused(
    name: str, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not read to its end, whatever it is packed into."""
    monkeypatch.setattr(people_files, "MOST_PEOPLE", 20)
    monkeypatch.setattr(people_files, "MOST_CHARACTERS", 1000)
    if name.endswith("parquet"):
        duckdb.sql(text).write_parquet(str(tmp_path / name))
    else:
        (tmp_path / name).write_bytes(gzip.compress(text.encode()) if name.endswith("gz") else text.encode())
    with pytest.raises(FileRefused, match="ask about parts of it"):
        people_in_file(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("list.jsonl", b'{"email": "secret@example.com"}\n{"email": "secret@', r"list\.jsonl cannot be read as JSONL"),
        ("list.csv", "email\nsecret@müller.example\n".encode("latin-1"), r"list\.csv is not UTF-8: save the list"),
        ("list.csv", "email\nsecret@x.org\n".encode("utf-16"), r"list\.csv is not UTF-8: save the list"),
        ("list.csv", b'email,name\n"secret@x.org,B\n', r"list\.csv:2: is not CSV: .* Is a quote not closed\?"),
        ("list.csv", b"email,name\na@x.org\nsecret@x.org,B,secret\n", r"list\.csv:3: has more cells than the first"),
        ("list.parquet", b"secret@x.org", r"list\.parquet cannot be read as PARQUET"),
        ("list.csv", b"", r"list\.csv has no column of e-mail addresses"),
    ],
)
def test_a_broken_list_is_refused_without_its_lines(tmp_path: Path, name: str, content: bytes, says: str) -> None:
    """None of its people is left out silently, and the error names the place and never what is in it."""
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FileRefused, match=says) as refused:
        people_in_file(tmp_path / name)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("https://WWW.Acme.com/de?x=1", "acme.com"),
        ("acme.co.uk", "acme.co.uk"),
        ("müller.example", "müller.example"),
        ("Acme Inc.", ""),
        ("Acme", ""),
        ("ada@acme.com", ""),
        ("http://[", ""),
    ],
)
def test_domains_are_told_from_names(text: str, domain: str) -> None:
    """A company may be given by either."""
    assert domain_of(text) == domain


def _lead(sf: Salesforce, email: str) -> str:
    return str(sf.Lead.create({"LastName": "L", "Company": "C", "Email": email})["id"])


def _converted(sf: Salesforce) -> tuple[str, str, str, str]:
    """Address and Id of a converted lead whose contact has another address today, and that contact and account."""
    lead = sf.query("SELECT Id, Email, ConvertedContactId, ConvertedAccountId FROM Lead WHERE IsConverted = true "
                    "AND ConvertedContactId != null AND Email != null LIMIT 1")["records"][0]  # fmt: skip
    sf.Contact.update(lead["ConvertedContactId"], {"Email": "moved.away@example.com"})
    return lead["Email"], lead["Id"], lead["ConvertedContactId"], lead["ConvertedAccountId"]


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["exists", *arguments])
