"""Other tools on the same contacts: dlt and a Singer tap with its target, each in an environment of its own.

`make bench-peers` installs them from benchmarks/peers/*.txt into .venv-peers/.
"""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.child import run_child
from benchmarks.orgs import BenchOrg, bench_org
from benchmarks.report import ROOT, Findings, Goal, Table

SCRIPTS = Path(__file__).with_name("peers")
ENVIRONMENTS = ROOT / ".venv-peers"
DICT_ROWS = 60_000  # what dlt does with dicts in about two minutes
TAP_ROWS = 100_000  # what the tap and its target do in about two minutes, 20 seconds of them a nap of the tap
BEST_TIMES_DLT = 3.5
TIMES_SLOW = 50.0
NOT_INSTALLED = "not installed: make bench-peers"

Say = Callable[[str], None]


class PeerFailed(Exception):
    """Another tool did not do its work; the message is what it printed."""


@dataclass(frozen=True)
class Run:
    """What a tool did: how many rows in how many seconds with how many API calls."""

    rows: int
    seconds: float
    calls: int | None = None

    @property
    def rate(self) -> float:
        return self.rows / self.seconds


@dataclass(frozen=True)
class Compared:
    """The runs of another tool, and ours of the same rows in turn with them; none where it is not installed."""

    tool: str
    how: str
    theirs: list[Run]
    ours: list[Run]

    @property
    def times(self) -> float | None:
        if not self.theirs:
            return None
        return median(run.rate for run in self.ours) / median(run.rate for run in self.theirs)

    @property
    def row(self) -> list[str]:
        if not self.theirs:
            return [self.tool, self.how, NOT_INSTALLED, "–", "–", "–", "–", "–"]
        calls = self.theirs[0].calls
        return [
            self.tool,
            self.how,
            f"{self.theirs[0].rows:,}",
            f"{median(run.seconds for run in self.theirs):.1f}",
            f"{median(run.rate for run in self.theirs):,.0f}",
            f"{median(run.rate for run in self.ours):,.0f}",
            f"{self.times:.1f}",
            "–" if calls is None else f"{calls}",
        ]


def measure(folder: Path, *, rows: int, most_rows: int, turns: int, say: Say) -> Findings:
    """Each tool in turn with an import of the same rows."""
    compared = [
        _against(
            "dlt (files)", "pages on disk, DuckDB to arrow, merge by Id", _dlt_files, "dlt", folder, rows, turns, say
        ),
        _against(
            "dlt (dicts)",
            "simple-salesforce by REST, merge by Id",
            _dlt_dicts,
            "dlt",
            folder,
            min(rows, DICT_ROWS),
            1,
            say,
        ),
        _against(
            "tap-salesforce | target-duckdb",
            "Bulk API, merge by Id",
            _singer,
            "tap-salesforce",
            folder,
            min(rows, TAP_ROWS),
            1,
            say,
        ),
    ]
    wanted = [BEST_TIMES_DLT, TIMES_SLOW, TIMES_SLOW]
    return Findings(
        "Other tools",
        [
            Goal(f"rows/s, of {each.tool}", least, each.times, at_most=False)
            for each, least in zip(compared, wanted, strict=True)
        ],
        [
            Table(
                "",
                ["Tool", "How", "Rows", "s", "Rows/s", "Ours, rows/s", "Ours / it", "API calls"],
                [each.row for each in compared],
            )
        ],
        [
            "Each tool merges the same contacts of 60 fields into a new DuckDB file. dlt (files) is given the landed "
            "pages for nothing, where ours asks the org for them: of ours, only the seconds of the org's job are "
            "left out. The other two read from the org as ours does, and all seconds count on both sides; they get as "
            "many rows as they do in about two minutes. Versions: " + _versions() + "."
        ],
    )


def _against(
    tool: str, how: str, run: Callable[[BenchOrg, Path, list[str]], Run], environment: str, folder: Path, rows: int,
    turns: int, say: Say,
) -> Compared:  # fmt: skip
    if not _is_installed(environment):
        say(f"{tool} is {NOT_INSTALLED}")
        return Compared(tool, how, [], [])
    say(f"{tool}: making an org of {rows:,} contacts")
    theirs, ours = [], []
    with bench_org(folder, rows) as org:
        fields = run_child("benchmarks.work:sixty_fields", login=org.login).result
        for number in range(turns):
            say(f"{tool}: turn {number + 1} of {turns}")
            for of, work in ((theirs, run), (ours, _ours if run is not _dlt_files else _ours_without_job)):
                place = folder / "run"
                place.mkdir()
                before = org.last_call()
                done = work(org, place, fields)
                of.append(Run(done.rows, done.seconds, len(org.calls(before)) if run is not _dlt_files else None))
                shutil.rmtree(place)
        shutil.rmtree(folder / "landed", ignore_errors=True)
    for file in folder.glob("org-*"):
        file.unlink()
    return Compared(tool, how, theirs, ours)


def _ours(org: BenchOrg, folder: Path, fields: list[str]) -> Run:
    ran = run_child("benchmarks.work:import_contacts", login=org.login, folder=str(folder / "ours"), fields=fields)
    return Run(ran.result["rows"], ran.seconds)


def _ours_without_job(org: BenchOrg, folder: Path, fields: list[str]) -> Run:
    run = _ours(org, folder, fields)
    return Run(run.rows, run.seconds - org.job_seconds())


def _dlt_files(org: BenchOrg, folder: Path, fields: list[str]) -> Run:
    landed = folder.parent / "landed.json"
    if not landed.exists():
        pages = folder.parent / "landed"
        found = run_child("benchmarks.work:land", login=org.login, folder=str(pages), fields=fields).result
        landed.write_text(json.dumps(found))
    found = json.loads(landed.read_text())
    return _script("dlt", "dlt_files.py", {"files": found["files"], "types": found["types"], "folder": str(folder)})


def _dlt_dicts(org: BenchOrg, folder: Path, fields: list[str]) -> Run:
    session = {"instance_url": org.details.instance_url, "access_token": org.details.access_token}
    return _script("dlt", "dlt_dicts.py", session | {"fields": fields, "folder": str(folder)})


def _singer(org: BenchOrg, folder: Path, fields: list[str]) -> Run:
    """`tap | target`. The tap's catalog is made before the clock starts; its session is open already."""
    login = {"refresh_token": "-", "client_id": "-", "client_secret": "-"}
    tap = login | {"start_date": "2000-01-01T00:00:00Z", "api_type": "BULK", "select_fields_by_default": True}
    (folder / "tap.json").write_text(json.dumps(tap))
    (folder / "target.json").write_text(
        json.dumps({"path": str(folder / "target.duckdb"), "default_target_schema": "bench"})
    )
    session = {"BENCH_INSTANCE_URL": org.details.instance_url, "BENCH_ACCESS_TOKEN": org.details.access_token}
    environment = os.environ | session
    extract = [str(_python("tap-salesforce")), str(SCRIPTS / "tap.py"), "--config", str(folder / "tap.json")]
    said = subprocess.run([*extract, "--discover"], env=environment, capture_output=True, text=True, check=True).stdout
    (folder / "catalog.json").write_text(json.dumps(_contacts_of(json.loads(said), fields)))
    load = [str(_python("target-duckdb").with_name("target-duckdb")), "--config", str(folder / "target.json")]
    began = time.perf_counter()
    with (folder / "errors.txt").open("w+") as errors:
        source = subprocess.Popen(
            [*extract, "--properties", str(folder / "catalog.json")],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=errors,
        )
        loaded = subprocess.run(load, stdin=source.stdout, stdout=subprocess.DEVNULL, stderr=errors, check=False)
        if source.wait() or loaded.returncode:
            errors.seek(0)
            raise PeerFailed(errors.read()[-4000:])
    seconds = time.perf_counter() - began
    rows = run_child("benchmarks.work:rows_in", database=str(folder / "target.duckdb"), table="bench.contact").result
    return Run(rows, seconds)


def _contacts_of(catalog: dict[str, list[dict[str, object]]], fields: list[str]) -> dict[str, object]:
    """The tap's own catalog with nothing selected but the contacts' fields."""
    (contact,) = (stream for stream in catalog["streams"] if stream["stream"] == "Contact")
    for entry in contact["metadata"]:  # type: ignore[attr-defined]  # JSON
        breadcrumb = entry["breadcrumb"]
        entry["metadata"]["selected"] = not breadcrumb or breadcrumb[-1] in fields
    return {"streams": [contact]}


def _script(environment: str, script: str, given: dict[str, object]) -> Run:
    command = [str(_python(environment)), str(SCRIPTS / script)]
    done = subprocess.run(command, input=json.dumps(given), capture_output=True, text=True, check=False)
    if done.returncode:
        raise PeerFailed(done.stderr[-4000:])
    return Run(**json.loads(done.stdout.splitlines()[-1]))


def _python(environment: str) -> Path:
    return ENVIRONMENTS / environment / "bin" / "python"


def _is_installed(environment: str) -> bool:
    needed = [environment, "target-duckdb"] if environment == "tap-salesforce" else [environment]
    return all((ENVIRONMENTS / each / ".installed").exists() for each in needed)


def _versions() -> str:
    """dlt 1.31.0, tap-salesforce 2.8.1, …: of each list of packages, the one that it is named for."""
    found = []
    for listed in sorted(SCRIPTS.glob("*.txt")):
        pinned = dict(line.strip().split("==") for line in listed.read_text().splitlines() if "==" in line)
        found.append(f"{listed.stem} {pinned[listed.stem]}")
    return ", ".join(found)
