"""`sf-elt status` and `sf-elt doctor`, on a real warehouse, a real org and Dagster's own storage."""

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NoReturn

import dagster as dg
import duckdb
import keyring
import pytest
from dagster._daemon.types import DaemonHeartbeat
from keyring.backends.null import Keyring as Nowhere
from rich.cells import cell_len
from typer.testing import CliRunner, Result

from sf_elt.cli import app, loading
from sf_elt.components.doctor.data import about_data
from sf_elt.components.doctor.logins import about_login
from sf_elt.components.doctor.variables import about_variables
from sf_elt.components.keys import export_key
from sf_elt.components.running import PAUSED_UNTIL
from sf_elt.components.status import Status, read_status, reading
from sf_elt.components.status.runs import last_runs
from sf_elt.components.wrong_yaml import WrongYaml
from sf_elt.demo_org.serve import Details
from sf_elt.report.standing import Standing
from sf_elt.salesforce import Login, connect
from sf_elt.salesforce.connection.kept_login import Kept, KeptLogin
from sf_elt.salesforce.connection.sealing import TOKEN_KEY, new_token_key
from sf_elt.streams import StreamSpec, Window, import_window
from sf_elt.warehouse import JobMeter, Warehouse, naive
from sf_elt_tests.components.deployments import deployment_of, environment_of
from sf_elt_tests.pages import ROOT
from sf_elt_tests.scripts import script
from sf_elt_tests.shared_orgs import org, org_of_module

__all__ = ["org", "org_of_module"]

PLAN = "6892284be200446f96384de0161b5540"
HOLDER = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); c.begin(); print('ready', flush=True); input()"


@pytest.fixture(scope="module")
def definitions() -> dg.Definitions:
    """What Dagster loads, loaded once."""
    return loading.definitions()


@pytest.fixture
def project(org: Details, definitions: dg.Definitions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which the project is run, with the org's login in its .env and nothing else yet."""
    for name in (*environment_of(org), "SALESFORCE_INSTANCE_URL", "DAGSTER_HOME"):
        monkeypatch.delenv(name, raising=False)
    env_file = tmp_path / ".env"
    env_file.touch(mode=0o600)
    env_file.write_text("".join(f"{name}='{value}'\n" for name, value in environment_of(org).items()))
    monkeypatch.setenv("SF_ELT_DATA", str(tmp_path / "warehouse"))
    monkeypatch.setenv("SF_ELT_LANDING_DAYS", "")
    monkeypatch.setattr(loading, "definitions", lambda: definitions)
    monkeypatch.chdir(tmp_path)
    for name, value in environment_of(org).items():  # what .env sets goes again with the test
        monkeypatch.setenv(name, value)
    return tmp_path


@pytest.fixture(scope="module")
def worked(org_of_module: Details, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a day's work has left: leads are read, an export waits for approval, one run is done and one has failed."""
    folder, now = tmp_path_factory.mktemp("worked"), datetime.now(UTC)
    (folder / "dagster.yaml").write_text((ROOT / "dagster.yaml").read_text("utf-8"), "utf-8")
    warehouse, always = Warehouse(folder / "warehouse"), Window(datetime(1970, 1, 1, tzinfo=UTC), now)
    meter = JobMeter(warehouse.calls(), "import:salesforce", org_of_module.instance_url, limit=5_000)
    with closing(connect(Login.from_env(environment_of(org_of_module)), meter)) as session:
        import_window(session, meter, warehouse, StreamSpec("salesforce_leads", "Lead"), always, now=now, run_id="1")
    with warehouse.write() as connection:
        connection.execute(
            "INSERT INTO writeback.plans (plan_id, export, object, operation, run_id, rows_planned, rows_unchanged,"
            " rows_set_aside, status, planned_at, held_because)"
            " VALUES (?, 'leads', 'Lead', 'update', '1', 9, 0, 0, 'waiting for approval', ?, 'it would write 9 of 9')",
            [PLAN, naive(now)],
        )
        connection.execute(
            "INSERT INTO writeback.refusals SELECT 'leads', 's' || number, NULL, 'failed', 'REQUIRED_FIELD_MISSING',"
            " 'no', true, 'x', current_localtimestamp() FROM range(3) AS numbers(number)"
        )
        connection.execute(
            "INSERT INTO ops.set_aside VALUES ('salesforce_leads', 'a.csv', 1, 'no date', 'x', ?, 1)", [naive(now)]
        )
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.chdir(folder)  # where the settings put Dagster's state
        with dg.DagsterInstance.from_config(str(folder)) as instance:
            dg.materialize([good], instance=instance)
            dg.materialize([bad], instance=instance, raise_on_error=False)
    return folder


@pytest.fixture
def at_work(project: Path, worked: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project's folder after that day, while Dagster's daemon lives."""
    shutil.copytree(worked, project, dirs_exist_ok=True)
    project.chmod(0o700)
    monkeypatch.setattr(reading, "WAIT_SECONDS", 0.3)
    _heartbeat(project, datetime.now(UTC))
    return project


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")
def test_commands_of_another_user_say_whose_the_folders_are(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """None ends in an error that it does not foresee, whether it only reads or would write."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    (folder / "dagster").mkdir(mode=0o700)
    with Warehouse(folder / "warehouse").write():
        pass
    for name, place in {"SF_ELT_DATA": "warehouse", "DAGSTER_HOME": "dagster"}.items():
        monkeypatch.setenv(name, str(folder / place))
    monkeypatch.chdir(folder)
    said = {}
    os.seteuid(65_534)
    try:
        for words in ("status", "doctor --offline", "audiences list", "export list", "profile a@x.org", "erase a@x.org",
                      "alerts list", "sf query SELECT", "report"):  # fmt: skip
            result = CliRunner().invoke(app, words.split())
            said[words] = " ".join(result.output.split())
    finally:
        os.seteuid(0)
        shutil.rmtree(folder)
    assert [words for words, output in said.items() if "does not foresee" in output] == []
    assert "warehouse belongs to root, and you are somebody else" in said.pop("doctor --offline")
    assert [output for output in said.values() if "nobody and not root" not in output] == []


def _heartbeat(folder: Path, at: datetime) -> None:
    with dg.DagsterInstance.from_config(str(folder)) as instance:
        instance.add_daemon_heartbeat(DaemonHeartbeat(at.timestamp(), "SCHEDULER", "test", []))


@dg.asset
def good() -> None:
    """Does nothing."""


@dg.asset
def bad() -> None:
    """Fails, of a cause."""
    try:
        raise LookupError("what was wrong at first\nand more of it")
    except LookupError as error:
        raise RuntimeError("the step gave up") from error


def test_a_run_that_began_while_status_looked_has_taken_no_time() -> None:
    """Not less than none, where a busy machine took seconds to look."""
    job = dg.define_asset_job("of_good", [good]).resolve(asset_graph=dg.Definitions([good]).resolve_asset_graph())
    with dg.DagsterInstance.ephemeral() as instance:
        run = instance.create_run_for_job(job)
        instance.report_dagster_event(dg.DagsterEvent("PIPELINE_START", "of_good"), run.run_id)
        (found,) = last_runs(instance, 1, datetime.now(UTC) - timedelta(seconds=7))
    assert (found.status, found.seconds) == ("started", 0.0)


def test_status_tells_programs_how_everything_stands(at_work: Path, org: Details) -> None:
    """Streams with newest record and lag, calls used and left, what failed and waits, runs, and what runs next."""
    now = datetime.now(UTC)
    told = _json("status")
    assert (told["warehouse"], told["notes"]) == ("read", [])
    (stream,) = told["streams"]
    assert stream["stream"] == "salesforce_leads"
    assert stream["rows"] > 0
    assert stream["set_aside"] == 1
    assert datetime.fromisoformat(stream["newest"]) <= now
    assert datetime.fromisoformat(stream["read_up_to"]) <= now
    assert 0 <= stream["lag_seconds"] < 300
    (export,) = told["exports"]
    assert (export["status"], export["plan_id"], export["failed"]) == ("waiting for approval", PLAN, 3)
    assert export["most_often"] == "REQUIRED_FIELD_MISSING"
    quotas = {each["job"]: each for each in told["quotas"]}
    spent = quotas["import:salesforce"]
    assert (spent["maximum"], spent["used"] + spent["left"]) == (5_000, 5_000)
    assert 0 < spent["used"] < 20
    assert quotas["export:leads"]["left"] == 2_000
    (of_org,) = told["orgs"]
    assert (of_org["org"], of_org["left"]) == (org.instance_url, of_org["allowed"] - of_org["used"])
    assert [each["status"] for each in told["runs"]] == ["failure", "success"]
    assert told["runs"][0]["error"] == "LookupError: what was wrong at first"
    assert told["daemon"]["is_alive"] is True
    for each in told["schedules"]:
        assert each["is_on"]
        assert now < datetime.fromisoformat(each["next_at"]) < now + timedelta(hours=1, minutes=1)
    assert {each["name"] for each in told["sensors"]} > {"after_new_data", "salesforce_resume"}


def test_what_status_tells_programs_is_written_down(at_work: Path) -> None:
    """Every name of the document, and every name within its lists, stands in its line in docs/production.md."""
    lines = re.findall(r"^\| (`\w+`.*) \| .* \| (.*) \|$", (ROOT / "docs" / "production.md").read_text("utf-8"), re.M)
    written = {
        name: set(re.findall(r"`(\w+)`", told)) for names, told in lines for name in re.findall(r"`(\w+)`", names)
    }
    told = _json("status")
    assert told.keys() <= written.keys()
    for name, value in told.items():
        within = value[0] if isinstance(value, list) and value else value
        if isinstance(within, dict):
            assert within.keys() <= written[name], name


def test_status_fits_the_terminal_and_waits_for_nobody(at_work: Path) -> None:
    """At any width no line is longer; while somebody writes, it says so and shows what is not in the warehouse."""
    for width in ("40", "80", "200"):
        shown = _run("status", COLUMNS=width)
        assert shown.exit_code == 0, shown.output
        assert max(cell_len(line) for line in shown.stdout.splitlines()) <= int(width)
        assert PLAN in shown.stderr
    with _held(at_work / "warehouse" / "warehouse.duckdb") as pid:
        told = _json("status")
        found = _findings(_run("doctor", "--offline", "--json"))
    assert told["warehouse"] == "a run is writing"
    assert told["streams"] == []
    assert told["quotas"][0]["used"] >= 0
    assert len(told["runs"]) == 2
    verdict, says, _ = found["data", "locks"]
    assert (verdict, f"process {pid} (python" in says) == ("warning", True)
    assert "is writing" in found["data", "warehouse"][1]


def test_before_the_first_run_nothing_is_made_by_looking(project: Path) -> None:
    """Neither a warehouse nor Dagster's storage; both commands say how to begin."""
    shown = _run("status")
    assert shown.exit_code == 0
    assert "materialize an import first" in shown.stderr
    assert "salesforce_keep_updated" in shown.stdout
    found = _run("doctor", "--offline", "--json")
    assert found.exit_code == 1
    assert _findings(found)["settings", "DAGSTER_HOME"][0] == "problem"
    assert "dagster dev" in json.loads(found.stdout)["next_step"]
    assert [each.name for each in project.iterdir()] == [".env"]


def test_a_doctor_without_problems_asks_the_org_too(at_work: Path, org: Details) -> None:
    """What waits for a person is a warning; nothing secret is shown; the calls are counted."""
    with dg.DagsterInstance.from_config(str(at_work)) as instance:
        for run in instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.FAILURE])):
            instance.delete_run(run.run_id)
    result = _run("doctor", "--json")
    told, found = json.loads(result.stdout), _findings(result)
    assert (result.exit_code, told["is_well"]) == (0, True), [each for each in found.items() if each[1][0] == "problem"]
    assert told["api_calls"] > 0
    assert found["salesforce", "credentials"][:2] == ("ok", "from the environment (SALESFORCE_…): password")
    assert found["salesforce", "login"][0] == "ok"
    assert found["salesforce", "clock"][0] == "ok"
    assert found["export leads", "approval"][0] == "warning"
    assert f"sf-elt export send leads --approve {PLAN}" in found["export leads", "approval"][2]
    assert found["data", "folder"][0] == found["settings", ".env"][0] == found["Dagster", "daemon"][0] == "ok"
    assert org.password not in result.output


def test_a_doctor_names_everything_that_is_wrong(at_work: Path, org: Details) -> None:
    """Modes, settings, a daemon that is gone, a failed run, used up calls, an org that does not answer."""
    (at_work / ".env").chmod(0o644)
    (at_work / "warehouse").chmod(0o755)
    (at_work / "dagster.yaml").write_text((at_work / "dagster.yaml").read_text().replace("default_limit: 1", ""))
    with closing(sqlite3.connect(at_work / "warehouse" / "calls.sqlite")) as ledger, ledger:
        moment = datetime.now(UTC).timestamp()
        insert = "INSERT INTO calls (job, called_at, method, path) VALUES ('export:leads', ?, 'GET', '/')"
        ledger.executemany(insert, [(moment,)] * 1_990)
    _heartbeat(at_work, datetime.now(UTC) - timedelta(hours=1))
    with dg.DagsterInstance.from_config(str(at_work)) as instance:
        until = dg.MetadataValue.timestamp(datetime.now(UTC) + timedelta(hours=1))
        told = {PAUSED_UNTIL: until, "reason": "Lead lacks Scores__c:\nrun sf-elt setup"}
        instance.report_runless_asset_event(dg.AssetObservation(export_key("leads"), metadata=told))
    (at_work / ".env").write_text((at_work / ".env").read_text().replace(org.instance_url, "http://127.0.0.1:9"))
    result = _run("doctor", "--json", COLUMNS="80")
    assert result.exit_code == 1, result.output
    found = _findings(result)
    problems = {where for where, (verdict, _, _) in found.items() if verdict == "problem"}
    of_files = {("settings", ".env"), ("data", "folder")}
    assert problems == of_files | {("salesforce", "connection"), ("Dagster", "daemon"), ("Dagster", "runs")}
    assert found["settings", ".env"][2] == f"chmod 600 {at_work / '.env'}"
    assert json.loads(result.stdout)["next_step"] == found["settings", ".env"][2]
    assert "LookupError: what was wrong at first" in found["Dagster", "runs"][1]
    assert found["settings", "dagster.yaml"][0] == "warning"
    assert "(tried 2 times" in found["salesforce", "connection"][1]
    assert found["leads", "paused"][1].endswith("UTC: Lead lacks Scores__c: run sf-elt setup")
    verdict, says, _ = found["export:leads", "API calls"]
    assert (verdict, says) == ("warning", "1,990 of at most 2,000 API calls of 24 hours are used")


def test_what_was_signed_in_is_opened_without_asking_the_org(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it is kept; with another key, or none, what to do about it."""
    monkeypatch.setattr(keyring, "get_keyring", Nowhere)
    for name in (
        "LOGIN_URL",
        "USERNAME",
        "PASSWORD",
        "ACCESS_TOKEN",
        "INSTANCE_URL",
        "CONSUMER_KEY",
        "CONSUMER_SECRET",
    ):
        monkeypatch.delenv(f"SALESFORCE_{name}", raising=False)
    monkeypatch.setenv("SF_ELT_LOGINS", str(tmp_path / "logins"))
    monkeypatch.setenv(TOKEN_KEY, new_token_key())
    now, own = datetime.now(UTC), "https://example.my.salesforce.com"
    kept = Kept("browser", "https://login.salesforce.com", own, "ada", now, now, refresh_token="5Aep")
    KeptLogin(tmp_path / "logins", "salesforce").write(kept)
    found = about_login(deployment_of({"object": "Lead"}).connections[0])
    assert (found.verdict, "signed in by browser" in found.says) == ("ok", True)
    monkeypatch.setenv(TOKEN_KEY, new_token_key())
    found = about_login(deployment_of({"object": "Lead"}).connections[0])
    assert (found.verdict, "another key" in found.says) == ("problem", True)
    (tmp_path / "logins" / "salesforce.json").unlink()
    found = about_login(deployment_of({"object": "Lead"}).connections[0])
    assert (found.verdict, found.grant.startswith("sf-elt login salesforce")) == ("problem", True)


def test_a_doctor_goes_on_where_files_are_torn(at_work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """YAML that is wrong, settings that are no YAML, a warehouse that is none; each is named, at any width."""

    def torn() -> NoReturn:
        raise WrongYaml("defs.yaml:3 attributes.start: there is no such day")

    monkeypatch.setattr(loading, "definitions", torn)
    (at_work / "dagster.yaml").write_text("storage: [")
    (at_work / "warehouse" / "warehouse.duckdb").write_bytes(b"no warehouse" * 1_000)
    found = _findings(_run("doctor", "--json"))
    assert found["YAML", "loads"][:2] == (
        "problem",
        "defs.yaml:3 attributes.start: there is no such day",
    )
    assert found["settings", "dagster.yaml"][0] == found["data", "warehouse"][0] == "problem"
    for width in ("40", "80", "200"):
        shown = _run("doctor", COLUMNS=width)
        assert shown.exit_code == 1
        findings, _, steps = shown.stdout.partition("\nNext: ")
        assert max(cell_len(line) for line in findings.splitlines()) <= int(width)
        assert all(step.lstrip().startswith(f"{place}. ") for place, step in enumerate(steps.splitlines(), start=1))


@pytest.mark.parametrize(
    ("wrong", "where", "says", "to_do"),
    [
        ("echo 'A LINE = \"' >> .env", ("settings", ".env"), "line 5 is no NAME=VALUE", "vi} +5"),
        ("echo 'SF_ELT_LANDING_DAYS=abc' >> .env", ("settings", "SF_ELT_LANDING_DAYS"), "accepted are 7, 0.5 and 0",
         "Correct SF_ELT_LANDING_DAYS in .env"),
        ("echo > warehouse", ("data", "folder"), "warehouse is a file", "Move the file away"),
        ("rm -f dagster.yaml", ("settings", "DAGSTER_HOME"), "not set", "and start Dagster there"),
        ("mkdir -p data/dagster/storage; echo 'nux: 5' >> dagster.yaml", ("Dagster", "storage"), "root:nux",
         "git diff dagster.yaml"),
        ("echo 'storage: {postgres: {postgres_url: x}}' > dagster.yaml", ("Dagster", "storage"), "dagster_postgres",
         "pip install --constraint constraints.txt dagster-postgres"),
        ("echo 'storage: {postgres: {postgres_db: {hostname: 127.0.0.1, port: {env: PG_PORT}}}}' > dagster.yaml",
         ("Dagster", "storage"), "PostgreSQL at 127.0.0.1:1,", "See that its database runs"),
        ("mkdir elsewhere; mv dagster.yaml elsewhere", ("settings", "base_dir"), "counts from the folder in which",
         "Start everything in one folder"),
        ("echo 'storage: {postgres: {postgres_db: {password: x}}}' > dagster.yaml", ("settings", "password"),
         "in their command lines", "Name a variable instead"),
        ("echo 'storage: {postgres: {postgres_url: \"postgresql://u:x@h/d\"}}' > dagster.yaml",
         ("settings", "password"), "in their command lines", "Name a variable instead"),
        ("mkdir -p data/dagster/storage/history/runs; echo torn > data/dagster/storage/history/runs/index.db",
         ("Dagster", "storage"), "cannot be read: (sqlite3.DatabaseError)", "Put a backup"),
        ("mkdir -p -m 700 warehouse; echo torn > warehouse/calls.sqlite", ("quotas", "API calls"), "not a database",
         "Move it away: mv "),
    ],
)  # fmt: skip
def test_a_doctor_says_how_each_thing_is_mended(
    wrong: str, where: tuple[str, str], says: str, to_do: str, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is wrong with files and settings is a problem, what to do about it is among the next steps, and once."""
    monkeypatch.setenv("PG_PORT", "1")
    monkeypatch.setitem(sys.modules, "dagster_postgres", None)  # whether it is installed or not
    shutil.copy(ROOT / "dagster.yaml", project)
    subprocess.run(wrong, shell=True, check=True)
    if (project / "elsewhere").is_dir():
        monkeypatch.setenv("DAGSTER_HOME", str(project / "elsewhere"))
    result = _run("doctor", "--offline", "--json")
    found, steps = _findings(result), json.loads(result.stdout)["next_steps"]
    assert (found[where][0], result.exit_code) == ("problem", 1)
    assert says in found[where][1]
    assert to_do in found[where][2]
    assert steps.count(found[where][2]) == 1
    assert result.stderr.count("no NAME=VALUE") == (".env" in where)


def test_whose_tables_the_warehouse_holds_is_known(project: Path) -> None:
    """Another program's are not taken for ours; those of another version are read, and that is said."""
    warehouse, now = Warehouse(project / "warehouse"), datetime.now(UTC)
    with warehouse.write() as connection:
        connection.execute("UPDATE ops.installed SET version = 'of next year'")
    found = read_status(warehouse, loading.definitions, now)
    assert (found.warehouse, "another version" in found.of_warehouse) == ("another version", True)
    warehouse.file.unlink()
    with closing(duckdb.connect(str(warehouse.file))) as connection:
        connection.execute("CREATE TABLE theirs AS SELECT 1")
    found = read_status(warehouse, loading.definitions, now)
    told = {each.test: each for each in about_data(warehouse, found, now)}
    assert (found.warehouse, told["warehouse"].verdict) == ("foreign", "problem")
    assert "it has tables (main.theirs), and none of sf_elt's" in told["warehouse"].says


def test_a_read_is_left_over_when_it_is_kept_no_longer(tmp_path: Path) -> None:
    """By the days that are configured for it, and by the latest page that has landed of it."""
    now = datetime.now(UTC)
    status = Status(now, "empty", "nothing yet", Standing((), ()))
    kept = Warehouse(tmp_path / "warehouse", keep_landed=timedelta(days=30))
    read = kept.landing("salesforce_leads") / "read-1"
    read.mkdir(mode=0o700)
    page = read / "page.csv"
    page.touch(mode=0o600)

    def told(days: int, aged: Path) -> tuple[str, str]:
        os.utime(aged, times=((now - timedelta(days=10)).timestamp(),) * 2)
        warehouse = replace(kept, keep_landed=timedelta(days=days))
        (found,) = (each for each in about_data(warehouse, status, now) if each.test == "landing")
        return found.verdict, found.says

    assert told(7, read)[0] == "ok"
    assert told(30, page)[0] == "ok"
    verdict, says = told(7, page)
    assert (verdict, "broke off more than 7 days ago have left 1 folder" in says) == ("warning", True)


@pytest.mark.parametrize(
    ("name", "held", "accepted"),
    [
        ("SF_ELT_LANDING_DAYS", "1e9", "accepted are 7, 0.5 and 0"),
        ("SF_ELT_DATA", "what?", "Take a folder without one"),
        ("SF_ELT_PAGE_MB", "-1", "no whole number above zero"),
        ("SF_ELT_TOKEN_KEY", "abc", "no key that `sf-elt keys token` made"),
        ("SF_ELT_LOGINS", "/dev/null", "accepted is a folder"),
        ("REQUESTS_CA_BUNDLE", "/nowhere.pem", "accepted is a file of certificates"),
    ],
)
def test_a_variable_that_holds_what_is_not_accepted_is_named(name: str, held: str, accepted: str) -> None:
    """With what is accepted; empty, it is as good as not set."""
    (found,) = about_variables({name: held})
    assert (found.test, found.verdict) == (name, "problem")
    assert name in found.says
    assert accepted in found.says
    assert [each.verdict for each in about_variables({name: ""})] == ["ok"]


def test_a_command_refuses_a_wrong_variable_in_a_sentence(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that this command reads, and was not written to expect."""
    monkeypatch.setenv("SF_ELT_LANDING_DAYS", "-1")
    result = _run("status")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("sf-elt: SF_ELT_LANDING_DAYS: '-1' is no number of days; accepted are")


def test_where_nobody_is_logged_in_it_is_said_once(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The org is not asked then; what is missing has the names of the connection's own variables."""
    (project / ".env").write_text("")
    for name in [name for name in os.environ if name.startswith("SALESFORCE_")]:
        monkeypatch.delenv(name)
    result = _run("doctor", "--json")
    found, told = _findings(result), json.loads(result.stdout)
    assert found["salesforce", "credentials"][0] == "problem"
    assert "Given: nothing" in found["salesforce", "credentials"][1]
    assert ("salesforce", "login") not in found
    assert told["next_steps"][-1].startswith("sf-elt login salesforce")
    assert told["api_calls"] == 0


def test_an_env_file_that_cannot_be_read_ends_a_command(project: Path) -> None:
    """In a sentence, before anything is done without it."""
    (project / ".env").write_bytes(b"SALESFORCE_PASSWORD=\xff")
    result = _run("doctor", "--offline")
    assert (result.exit_code, result.stdout) == (1, "")
    assert ".env is not UTF-8 (byte 21): save it as UTF-8" in result.stderr


@contextmanager
def _held(file: Path) -> Iterator[int]:
    """Somebody else writes to the file; gives the number of that process."""
    process = subprocess.Popen(script(HOLDER, file), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield process.pid
    finally:
        process.communicate(b"\n")


def _findings(result: Result) -> dict[tuple[str, str], tuple[str, str, str]]:
    """(subject, test) → verdict, what it says, what to do."""
    told = json.loads(result.stdout)["findings"]
    return {(each["subject"], each["test"]): (each["verdict"], each["says"], each["to_do"]) for each in told}


def _names(text: str) -> set[str]:
    return set(re.findall(r"`(\w+)`", text))


def _json(*arguments: str) -> dict:
    result = _run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def _run(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(app, list(arguments), env=environment)
