"""The org as a process: `sf-elt demo-org`."""

import json
import os
import resource
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import duckdb
import pytest
import requests
from typer.testing import CliRunner

from sf_elt.cli import app
from sf_elt.demo_org.org import OrgFileError, create_org
from sf_elt.demo_org.serve import DemoOrgError, Details, running_org, start_demo_org
from sf_elt_tests.orgs import client
from sf_elt_tests.ports import free_port

COMMAND = [sys.executable, "-m", "sf_elt.cli", "demo-org"]
DATA = "/services/data/v62.0"


def is_up(details: Details) -> bool:
    """Whether its token opens data; raises requests.ConnectionError when nobody listens."""
    headers = {"Authorization": f"Bearer {details.access_token}"}
    return requests.get(f"{details.instance_url}{DATA}/x", headers=headers, timeout=10).status_code == 404


def test_a_process_of_its_own_is_ready_and_stops() -> None:
    """It is ready when its details are there; stopped, it ends with status 0 and nobody listens any more."""
    org = start_demo_org(records=0)
    assert is_up(org.details)
    assert org.details.pid != os.getpid()
    assert org.stop() == 0
    with pytest.raises(requests.ConnectionError):
        is_up(org.details)


@pytest.mark.soak
@pytest.mark.parametrize(
    "options", [pytest.param([], id="http"), pytest.param(["--tls"], marks=pytest.mark.soak, id="https")]
)
def test_what_it_prints_for_people_can_be_copied(options: list[str]) -> None:
    """The last lines that it prints, run by a shell as they stand, get records."""
    if shutil.which("curl") is None:
        pytest.skip("no curl on this machine")
    printed: list[str] = []
    with subprocess.Popen([*COMMAND, "--records", "0", *options], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        while not printed or "curl" not in printed[-1]:
            printed.append(process.stdout.readline())
            assert printed[-1], printed
        try:
            said = subprocess.run(["sh", "-c", "".join(printed[-2:])], capture_output=True, text=True, timeout=30)
        finally:
            process.terminate()
    assert json.loads(said.stdout)["totalSize"] > 0, said


@pytest.mark.soak
def test_it_stops_cleanly_in_the_middle_of_work(tmp_path: Path) -> None:
    """SIGTERM while queries and a job run and a request is half sent: status 0, nothing on stderr, nothing left.

    It works where a background shell has SIGINT ignored, and with --json stdout holds exactly one line.
    """
    with (tmp_path / "stderr").open("wb") as errors:
        process = subprocess.Popen(
            [*COMMAND, "--json", "--records", "2000"],
            stdout=subprocess.PIPE,
            stderr=errors,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
        )
    assert process.stdout is not None
    details = Details(**json.loads(process.stdout.readline()))
    head = f"Host: 127.0.0.1\r\nAuthorization: Bearer {details.access_token}\r\n"
    requests_under_way = [
        f"POST {DATA}/sobjects/Lead HTTP/1.1\r\n{head}Content-Length: 9\r\n\r\n{{",
        *[f"GET {DATA}/query?q={slow_query(1_500).replace(' ', '+')} HTTP/1.1\r\n{head}\r\n"] * 2,
    ]
    with ExitStack() as connections:
        for text in requests_under_way:
            connection = connections.enter_context(socket.create_connection(("127.0.0.1", port_of(details))))
            connection.sendall(text.encode())
        sf = client(details)
        job = sf.restful("jobs/query", method="POST", json={"operation": "query", "query": slow_query(9_000)})
        while sf.restful(f"jobs/query/{job['id']}")["state"] == "UploadComplete":
            pass
        process.send_signal(signal.SIGTERM)
        assert (process.stdout.read(), process.wait(30)) == (b"", 0)
    assert (tmp_path / "stderr").read_text() == ""
    assert not Path(details.jwt_private_key_file).parent.exists()


def slow_query(alternatives: int) -> str:
    """A query that keeps DuckDB busy for seconds."""
    values = ",".join(["'Data;X'"] * alternatives)
    return f"SELECT Id FROM Lead WHERE Interests__c INCLUDES ({values})"


def port_of(details: Details) -> int:
    return int(details.instance_url.rpartition(":")[2])


@pytest.mark.soak
def test_it_ends_with_the_process_that_started_it() -> None:
    """Killed with SIGKILL, the starter takes the org along."""
    script = (
        "from sf_elt.demo_org.serve import start_demo_org\n"
        "import os, signal\n"
        "print(start_demo_org(records=0).details.as_json(), flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    starter = subprocess.run([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, check=False)
    details = Details(**json.loads(starter.stdout))
    with pytest.raises(requests.ConnectionError):
        while True:
            is_up(details)


@pytest.mark.soak
def test_it_runs_where_nobody_reads_what_it_prints(tmp_path: Path) -> None:
    """Without a standard output, as some supervisors start processes, it serves all the same and stops cleanly."""
    port = free_port()
    start = f"exec {shlex.join([*COMMAND, '--records', '0', '--port', str(port)])} >&-"
    errors = tmp_path / "errors"
    with errors.open("wb") as stream, subprocess.Popen(["/bin/sh", "-c", start], stderr=stream) as process:
        while process.poll() is None:
            try:
                requests.get(f"http://127.0.0.1:{port}/services/data", timeout=10).raise_for_status()
                break
            except requests.ConnectionError:
                pass
        process.terminate()
    assert (process.returncode, errors.read_text()) == (0, "")


def test_a_taken_port_is_one_clear_line() -> None:
    """A port in use ends with status 1 and one line on stderr that says what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = CliRunner().invoke(app, ["demo-org", "--port", port])
    assert (ended.exit_code, ended.stdout) == (1, "")
    assert len(ended.stderr.splitlines()) == 1
    assert f"port {port} on 127.0.0.1 cannot be used" in ended.stderr


@pytest.mark.soak
def test_a_start_that_fails_says_what_the_org_said() -> None:
    """start_demo_org raises with the process's own words."""
    with pytest.raises(DemoOrgError, match="at least 50"):
        start_demo_org(records=10)


@pytest.mark.soak
def test_a_killed_org_finds_its_data_again(tmp_path: Path) -> None:
    """With a file, what an org answered before SIGKILL is there when it is started again, for the same credentials.

    While it runs nobody else can open the file, and is told so.
    """
    file = tmp_path / "org.duckdb"
    first = start_demo_org(records=0, file=file)
    made = client(first.details).Lead.create({"LastName": "Lovelace", "Company": "Engines"})
    with pytest.raises(OrgFileError, match="is another demo org running on it"):
        create_org(records=0, file=file)
    first.kill()
    with running_org(records=0, file=file) as second:
        assert second.access_token == first.details.access_token
        assert client(second, how="jwt").Lead.get(made["id"])["LastName"] == "Lovelace"


@pytest.mark.soak
def test_what_a_killed_org_left_behind_goes_with_the_next_start() -> None:
    """SIGKILL leaves the work folder; the next org removes it, and lets the folder of one that lives be."""
    killed = start_demo_org(records=0)
    orphan = Path(killed.details.jwt_private_key_file).parent
    with running_org(records=0) as living:
        home = Path(living.jwt_private_key_file).parent
        assert orphan.exists()
        killed.kill()
        create_org(records=0).close()
        assert (orphan.exists(), home.exists()) == (False, True)
    assert not home.exists()


def test_a_file_without_its_credentials_is_refused(tmp_path: Path) -> None:
    """A data file alone cannot be opened for clients: the message names the file to delete."""
    file = tmp_path / "org.duckdb"
    create_org(records=0, file=file).close()
    (tmp_path / "org.duckdb.credentials.json").unlink()
    with pytest.raises(OrgFileError, match=r"delete .*org\.duckdb to make a new org"):
        create_org(records=0, file=file)


def test_a_file_of_another_version_is_refused(tmp_path: Path) -> None:
    """The message says that, and does not blame an org that may be running on it."""
    file = tmp_path / "org.duckdb"
    create_org(records=0, file=file).close()
    with duckdb.connect(str(file)) as connection:
        connection.execute('DROP TABLE records."LeadStatus"')
    with pytest.raises(OrgFileError, match=r"made by another version: .*LeadStatus.* delete it$"):
        create_org(records=0, file=file)


@pytest.mark.parametrize(
    ("name", "message"),
    [(".", "is a folder"), ("text/org", "cannot be made"), ("text", "not the file of a demo org")],
)
def test_a_file_that_cannot_be_used_is_one_clear_line(tmp_path: Path, name: str, message: str) -> None:
    """A folder, a place where nothing can be made, somebody else's file: the message says which, nothing is harmed."""
    (tmp_path / "text").write_text("somebody's")
    with pytest.raises(OrgFileError, match=message):
        create_org(records=0, file=tmp_path / name)
    assert (tmp_path / "text").read_text() == "somebody's"


def test_an_unfinished_file_is_made_anew(tmp_path: Path) -> None:
    """What a start that was killed while seeding left behind is no org and stands in nobody's way."""
    file = tmp_path / "org.duckdb"
    (tmp_path / "org.duckdb.unfinished").write_text("half a file")
    with running_org(records=0, file=file) as details:
        assert is_up(details)
    assert not (tmp_path / "org.duckdb.unfinished").exists()


def start_with_less(limit: int, most: int, *options: str) -> subprocess.CompletedProcess[str]:
    """A start of a process that may have no more than `most` bytes of something; it fails."""
    return subprocess.run(
        [*COMMAND, *options],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        preexec_fn=lambda: resource.setrlimit(limit, (most, most)),
    )


@pytest.mark.soak
def test_a_file_that_gets_too_large_leaves_nothing_behind(tmp_path: Path) -> None:
    """Where there is no room for the org's file, the message says so and the half of it is gone."""
    ended = start_with_less(resource.RLIMIT_FSIZE, 100_000, "--records", "60", "--file", str(tmp_path / "org"))
    assert (ended.returncode, ended.stdout) == (1, "")
    assert f"{tmp_path / 'org'} cannot be made" in ended.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.soak
def test_more_records_than_fit_into_memory_are_a_clear_line() -> None:
    """What cannot be made is refused without a traceback."""
    ended = start_with_less(resource.RLIMIT_AS, 8 << 30, "--records", "100000000000")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith("sf-elt demo-org: 100,000,000,000 leads and contacts do not fit into memory")
    assert len(ended.stderr.splitlines()) == 1


def test_help_does_not_load_the_server() -> None:
    """`sf-elt --help` imports neither DuckDB nor the server."""
    script = (
        "import sys; sys.argv = ['sf-elt', '--help']\n"
        "from sf_elt.cli import app\n"
        "try: app()\n"
        "except SystemExit: print(sorted({'duckdb', 'uvicorn', 'dagster', 'pandas', 'pyarrow'} & set(sys.modules)))\n"
    )
    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert shown.splitlines()[-1] == "[]"
