"""The demo and the development server, as commands in processes of their own."""

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from sf_elt.demo.changes import Changed
from sf_elt.demo.claims import check_claims
from sf_elt.demo.errors import ClaimFailed
from sf_elt.demo.folder import MARKER, DemoFolder, only
from sf_elt.demo.moved import AudienceMove, Sent
from sf_elt.demo.runs import Pass
from sf_elt_tests.ports import free_port

COMMAND = [sys.executable, "-m", "sf_elt.cli"]
CLICK_SECONDS = 120
CHROMIUM = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
            "--disable-component-update", "--disable-sync"]  # fmt: skip


def run_demo(folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    command = [*COMMAND, "demo", "--folder", str(folder), "--records", "60", *more]
    return subprocess.run(command, capture_output=True, text=True, timeout=280, check=False)


@pytest.fixture(scope="module")
def demo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the demo has run."""
    folder = tmp_path_factory.mktemp("demo") / "my data"
    done = run_demo(folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Everything held" in done.stdout
    assert f"Its data is in {folder}\n" in done.stdout
    table = done.stdout[done.stdout.index("What moved") :].splitlines()
    assert max(map(len, table)) <= 80
    for row in ("rows in", "profiles", "Frequent visitors", "records written", "API calls", "seconds"):
        assert row in done.stdout
    return folder


def test_everything_it_makes_is_in_its_folder(demo_folder: Path) -> None:
    """Warehouse, events, the org's file, Dagster's state and the report: all in the one folder, with the marker."""
    folders = {"org", "events", "warehouse", "dagster_home"}
    assert {each.name for each in demo_folder.iterdir()} == {MARKER, "report.html", *folders}
    assert (demo_folder / "dagster_home" / "storage").is_dir()


def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    """A folder that the demo did not make is refused, and nothing in it is touched."""
    (tmp_path / "thesis.txt").write_text("three years of work")
    done = run_demo(tmp_path)
    assert done.returncode == 1
    assert "was not made by the demo" in " ".join(done.stdout.split())
    assert [each.name for each in tmp_path.iterdir()] == ["thesis.txt"]


def test_no_login_of_any_connection_is_in_the_demos_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever prefix a connection's variables have; other variables stay."""
    monkeypatch.setenv("SALESFORCE_CONSUMER_KEY", "a real org's")
    monkeypatch.setenv("ACME_SECURITY_TOKEN", "another's")
    monkeypatch.setenv("ACME_LOGIN_URL", "https://acme.my.salesforce.com")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:3128")
    environment = only({"SALESFORCE_PASSWORD": "the demo's"})
    assert {name for name in environment if name.startswith(("SALESFORCE_", "ACME_"))} == {"SALESFORCE_PASSWORD"}
    assert environment["HTTPS_PROXY"] == "http://127.0.0.1:3128"


def test_a_folder_in_use_is_left_alone(demo_folder: Path) -> None:
    """A second demo in the folder of one that runs, or of a development server, is refused and deletes nothing."""
    with DemoFolder(demo_folder).claimed():
        done = run_demo(demo_folder)
    assert done.returncode == 1
    assert "is in use by another" in " ".join(done.stdout.split())
    assert (demo_folder / "warehouse" / "warehouse.duckdb").exists()


@pytest.mark.soak
def test_it_goes_on_with_the_org_of_the_last_demo(demo_folder: Path) -> None:
    """With --keep-org the org stays with its people, whatever --records says, and everything holds once more."""
    before = (demo_folder / "org" / "org.duckdb").stat().st_ino
    done = run_demo(demo_folder, "--keep-org", "--records", "500")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (demo_folder / "org" / "org.duckdb").stat().st_ino == before
    assert "an org with 60 people" in done.stdout


@pytest.mark.soak
@pytest.mark.parametrize(
    ("moment", "number"),
    [
        pytest.param("Its data is in", signal.SIGTERM, marks=pytest.mark.soak),
        ("Dagster is loaded", signal.SIGINT),
    ],
)
def test_a_signal_ends_it_with_its_org(tmp_path: Path, moment: str, number: signal.Signals) -> None:
    """SIGTERM while the org starts, or Ctrl-C in the middle of a run: its status says so, and the org is gone."""
    command = [*COMMAND, "demo", "--folder", str(tmp_path / "data"), "--records", "60"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    said = ""
    while moment not in said:
        said = process.stdout.readline()
        assert said, "it ended before"
    end = time.monotonic() + 30
    while not (org := _demo_org_of(process.pid)):
        assert time.monotonic() < end
        time.sleep(0.05)
    process.send_signal(number)
    rest, _ = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert "Stopped, with everything" in rest
    assert "Traceback" not in rest
    assert not Path(f"/proc/{org}").exists()


SIGNALLED = """
import signal, sys
from sf_elt.demo.signals import signals_interrupt
with signals_interrupt() as ended_by:
    try:
        exec("signal.raise_signal(signal.SIGINT)")
    except KeyboardInterrupt:
        sys.exit(128 + ended_by())
"""


def test_a_signal_during_executed_text_keeps_the_exit_status(tmp_path: Path) -> None:
    """Ctrl-C while a dataclass is made, which executes text: `python -m` ends with the status that was asked for."""
    (tmp_path / "signalled.py").write_text(SIGNALLED)
    assert subprocess.run([sys.executable, "-m", "signalled"], cwd=tmp_path, check=False).returncode == 130


def _demo_org_of(pid: int) -> int | None:
    """The process id of the demo org that this process has started."""
    for thread in Path(f"/proc/{pid}/task").iterdir():
        for child in (thread / "children").read_text().split():
            if b"demo-org" in Path(f"/proc/{child}/cmdline").read_bytes():
                return int(child)
    return None


def test_a_claim_that_does_not_hold_is_told() -> None:
    """A row that moved though nobody had changed it, and calls that we did not count, end the demo with an error."""
    now = datetime.now(UTC)
    streams = {"salesforce_leads": set[str](), "salesforce_contacts": set[str]()}
    nothing = Pass(now, moved_ids=streams)
    moved = Pass(now, moved_ids={**streams, "salesforce_leads": {"a", "b"}})
    uncounted = Pass(now, moved_ids=streams, org_calls=1)
    with pytest.raises(ClaimFailed, match=r"1 salesforce_leads had changed and 2 moved; 1 differ"):
        check_claims(nothing, nothing, moved, Changed(frozenset(), frozenset(), "a", "a"))
    with pytest.raises(ClaimFailed, match=r"first run: we counted 0 API calls and the org 1"):
        check_claims(uncounted, nothing, moved, Changed(frozenset("b"), frozenset(), "a", "a"))


def test_what_an_echo_moves_is_told() -> None:
    """Audiences or scores that our own writes moved, or a record written again, end the demo, but where a day ended."""
    now = datetime(2026, 11, 1, 23, tzinfo=UTC)
    nothing = Pass(now, moved_ids={"salesforce_leads": set(), "salesforce_contacts": set()})
    moves, sent = [AudienceMove("p1", profile_changed=True)], [Sent("leads", "a", "p1")]
    increment = Pass(now, moved_ids={"salesforce_leads": {"a"}, "salesforce_contacts": set()})
    changed = Changed(frozenset(), frozenset(), "a", "a")
    for echo, said in (
        (replace(nothing, audience_moves=moves), r"our own writes: 1 profiles entered or left an audience"),
        (replace(nothing, sent=sent), r"our own writes: records of 1 profiles were written again"),
    ):
        with pytest.raises(ClaimFailed, match=said):
            check_claims(nothing, echo, increment, changed)
        with pytest.raises(ClaimFailed, match=said + r"(?s:.*)our own writes: 1 profiles have other scores"):
            check_claims(nothing, replace(echo, scores_moved={"p1"}), increment, changed)
        with pytest.raises(ClaimFailed, match=r"(?s)^((?!our own writes).)*$"):
            check_claims(nothing, replace(echo, scores_moved={"p1"}, seconds=3600.0), increment, changed)
    unmoved = replace(increment, sent=sent)
    with pytest.raises(ClaimFailed, match=r"their changes: records of 1 profiles were written though no audience"):
        check_claims(nothing, nothing, unmoved, changed)


@dataclass(frozen=True)
class Dev:
    """A development server, where it listens, the folder it was started in, and what it has printed."""

    process: subprocess.Popen[bytes]
    port: int
    started_in: Path
    printed: Path

    def ask(self, query: str) -> Any:
        reply = requests.post(f"http://127.0.0.1:{self.port}/graphql", json={"query": query}, timeout=60).json()
        return reply["data"]


@pytest.fixture(scope="module")
def dev(demo_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dev]:
    """`sf-elt dev` with the demo's data, started in the background by a shell that ignores SIGINT.

    It is started where a file `.env` names other data, as it does once sf_elt is set up for an org.
    """
    port = free_port()
    command = [*COMMAND, "dev", "--folder", str(demo_folder), "--port", str(port)]
    ignored = ["/bin/sh", "-c", 'trap "" INT; exec "$@"', "sh", *command]
    started_in = tmp_path_factory.mktemp("started_in")
    (started_in / ".env").write_text(f"SF_ELT_DATA={started_in / 'warehouse'}\nSF_ELT_WRITE_BACK=false\n")
    printed = tmp_path_factory.mktemp("printed") / "dev.txt"
    with printed.open("wb") as file:
        process = subprocess.Popen(ignored, cwd=started_in, stdout=file, stderr=file)
    try:
        end = time.monotonic() + 120
        while not _answers(port):
            assert process.poll() is None
            assert time.monotonic() < end
            time.sleep(0.3)
        yield Dev(process, port, started_in, printed)
    finally:
        process.terminate()
        try:
            process.wait(60)
        finally:
            process.kill()


@pytest.mark.browser
def test_a_click_on_materialize(dev: Dev) -> None:
    """In the browser: open an asset, click Materialize, follow the run, see that it succeeded."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("there is no Chromium on this machine")
    from playwright.sync_api import expect, sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM)
        try:
            page = browser.new_page()
            page.set_default_timeout(CLICK_SECONDS * 1000)
            page.goto(f"http://127.0.0.1:{dev.port}/assets/streams/web_events")
            page.get_by_role("button", name="Materialize").first.click()
            page.get_by_text("View", exact=True).first.click()
            page.wait_for_url("**/runs/*")
            run_id = page.url.rsplit("/", 1)[1][:36]
            expect(page.get_by_text("Success", exact=True).first).to_be_visible(timeout=CLICK_SECONDS * 1000)
        finally:
            browser.close()
    run = dev.ask(f'{{ runOrError(runId: "{run_id}") {{ ... on Run {{ status assetSelection {{ path }} }} }} }}')
    assert run["runOrError"] == {"status": "SUCCESS", "assetSelection": [{"path": ["streams", "web_events"]}]}
    assert [each.name for each in dev.started_in.iterdir()] == [".env"]  # which is a real org's, and not the demo's


def test_dev_serves_and_stops_on_sigterm(dev: Dev) -> None:
    """Started where SIGINT is ignored: serves the demo's data, on 127.0.0.1 alone, and SIGTERM ends all of it."""
    runs = dev.ask("{ runsOrError { ... on Runs { results { status } } } }")["runsOrError"]["results"]
    assert len(runs) >= 6
    assert not _answers(dev.port, "127.0.0.2")  # any other address of this machine
    assert "WARNING" not in dev.printed.read_text("utf-8")
    dev.process.send_signal(signal.SIGTERM)
    assert dev.process.wait(60) == 0
    assert not _answers(dev.port)


def _answers(port: int, address: str = "127.0.0.1") -> bool:
    try:
        return requests.get(f"http://{address}:{port}/server_info", timeout=10).ok
    except requests.ConnectionError:
        return False
