"""Other tools on the same contacts: dlt and a Singer tap with its target, each in an environment of its own."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median

from benchmarks.child import run_child
from benchmarks.environments import NOT_INSTALLED, SCRIPTS, PeerFailed, is_installed, python_of, run_script, versions
from benchmarks.orgs import BenchOrg, bench_org
from benchmarks.report import Findings, Goal, Table

DICT_ROWS = 60_000  # what dlt does with dicts in about two minutes
TAP_ROWS = 220_000  # what the tap and its target do in about two minutes, 20 seconds of them a nap of the tap
ENVIRONMENTS = ("dlt", "tap-salesforce", "target-duckdb")
TIMES_DLT = 3.5
TIMES_SLOW = 50.0

Say = Callable[[str], None]


@dataclass(frozen=True)
class Run:
    """What a tool did: so many rows in so many seconds with so many API calls, and the calls of an idle run after it.

    `job_seconds` are those in which the org made the CSV.
    """

    rows: int
    seconds: float
    job_seconds: float = 0.0
    calls: int | None = None
    idle_calls: int | None = None

    @property
    def rate(self) -> float:
        """Rows a second, without the seconds of the org's job."""
        return self.rows / (self.seconds - self.job_seconds)


@dataclass(frozen=True)
class Compared:
    """The runs of another tool; none where it is not installed. `ours` has as many rows."""

    tool: str
    how: str
    theirs: list[Run] = field(default_factory=list)
    ours: list[Run] = field(default_factory=list)

    def times(self, ours: Sequence[Run]) -> float | None:
        """How many times its rows a second ours are."""
        return _rate(ours) / _rate(self.theirs) if self.theirs else None

    def row(self, ours: Sequence[Run]) -> list[str]:
        if not self.theirs:
            return [self.tool, self.how, NOT_INSTALLED, *"–––––"]
        return [
            self.tool,
            self.how,
            f"{self.theirs[0].rows:,}",
            *_seconds(self.theirs),
            f"{_rate(self.theirs):,.0f}",
            f"{self.times(ours):.1f}",
            f"{self.times(self.ours):.1f}",
        ]


def measure(folder: Path, *, rows: int, most_rows: int, turns: int, say: Say) -> Findings:
    """dlt with files in turn with an import of the same rows; the slow ones once, on as many rows as they can."""
    files = Compared("dlt (files)", "landed pages, DuckDB to arrow, merge by Id")
    files = _in_turns(files, _dlt_files if is_installed("dlt") else None, folder, rows, turns, say, with_ours=True)
    dicts = Compared("dlt (dicts)", "simple-salesforce by REST, merge by Id")
    dicts = _in_turns(dicts, _dlt_dicts if is_installed("dlt") else None, folder, min(rows, DICT_ROWS), 1, say)
    singer = Compared("tap-salesforce and target-duckdb", "Bulk API, merge by Id")
    run = _singer if is_installed("tap-salesforce", "target-duckdb") else None
    singer = _in_turns(singer, run, folder, min(rows, TAP_ROWS), 1, say)
    ours = files.ours
    return Findings(
        "Other tools",
        [
            Goal("rows/s of dlt's best path (files)", TIMES_DLT, files.times(ours), at_most=False),
            Goal("rows/s of dlt fed with dicts", TIMES_SLOW, dicts.times(ours), at_most=False),
            Goal("rows/s of a Singer tap and target", TIMES_SLOW, singer.times(ours), at_most=False),
        ],
        [
            Table(
                "",
                ["Tool", "How", "Rows", "s", "The org's job s", "Rows/s", "Ours / it", "Ours of as many rows / it"],
                [
                    ["sf_elt", "Bulk 2.0, merge by Id", f"{rows:,}", *_seconds(ours), f"{_rate(ours):,.0f}", "1", "1"],
                    files.row(ours), dicts.row(ours), singer.row(ours),
                ],
            ),
            _calls(files.ours[0], dicts, singer),
        ],
        [
            f"Each tool merges contacts of 60 fields into a new DuckDB file. *Ours* is the import of {rows:,} rows "
            "from login to commit; *ours of as many rows* the same with as many as the tool had. What the org says "
            "that its job took to make the CSV is left out of the rows a second, of ours as of theirs: dlt (files) is "
            "given the landed pages, dlt (dicts) needs no job. The slow ones get as many rows as they do in about two "
            f"minutes. {', '.join(map(versions, ENVIRONMENTS))}."
        ],
    )  # fmt: skip


def _in_turns(
    of: Compared,
    run: Callable[[BenchOrg, Path, list[str]], Run] | None,
    folder: Path,
    rows: int,
    turns: int,
    say: Say,
    *,
    with_ours: bool = False,
) -> Compared:
    """The tool in turn with ours; where the tool is not installed, ours alone or nothing."""
    if run is None:
        say(f"{of.tool} is {NOT_INSTALLED}")
        if not with_ours:
            return of
    say(f"{of.tool}: making an org of {rows:,} contacts")
    theirs, ours = [], []
    with bench_org(folder, rows) as org:
        fields = run_child("benchmarks.work:sixty_fields", login=org.login).result
        for number in range(turns):
            say(f"{of.tool}: turn {number + 1} of {turns}")
            if run is not None:
                theirs.append(_in_folder(run, org, folder / "theirs", fields))
            ours.append(_in_folder(_ours, org, folder / "ours", fields))
    for left_over in (*folder.glob("org-*"), *folder.glob("landed*")):
        shutil.rmtree(left_over) if left_over.is_dir() else left_over.unlink()
    return replace(of, theirs=theirs, ours=ours)


def _in_folder(run: Callable[[BenchOrg, Path, list[str]], Run], org: BenchOrg, folder: Path, fields: list[str]) -> Run:
    folder.mkdir()
    before = org.last_call()
    done = run(org, folder, fields)
    shutil.rmtree(folder)
    return done if done.calls is not None else replace(done, calls=len(org.calls(before)))


def _ours(org: BenchOrg, folder: Path, fields: list[str]) -> Run:
    ran = run_child("benchmarks.work:import_contacts", login=org.login, folder=str(folder / "ours"), fields=fields)
    return Run(ran.result["rows"], ran.seconds, org.job_seconds())


def _dlt_files(org: BenchOrg, folder: Path, fields: list[str]) -> Run:
    known = folder.parent / "landed.json"
    if not known.exists():
        pages = folder.parent / "landed"
        found = run_child("benchmarks.work:land", login=org.login, folder=str(pages), fields=fields).result
        known.write_text(json.dumps(found))
    found = json.loads(known.read_text())
    given = {"files": found["files"], "types": found["types"], "folder": str(folder)}
    return replace(Run(**run_script("dlt", "dlt_files.py", given)), calls=0)


def _dlt_dicts(org: BenchOrg, folder: Path, fields: list[str]) -> Run:
    session = {"instance_url": org.details.instance_url, "access_token": org.details.access_token}
    return Run(**run_script("dlt", "dlt_dicts.py", session | {"fields": fields, "folder": str(folder)}))


def _singer(org: BenchOrg, folder: Path, fields: list[str]) -> Run:
    """`tap | target`, and once more with nothing changed. The tap's catalog is made, and its session open, before."""
    login = {"refresh_token": "-", "client_id": "-", "client_secret": "-"}
    tap = login | {"start_date": "2000-01-01T00:00:00Z", "api_type": "BULK", "select_fields_by_default": True}
    (folder / "tap.json").write_text(json.dumps(tap))
    database = folder / "target.duckdb"
    (folder / "target.json").write_text(json.dumps({"path": str(database), "default_target_schema": "bench"}))
    session = {"BENCH_INSTANCE_URL": org.details.instance_url, "BENCH_ACCESS_TOKEN": org.details.access_token}
    extract = [str(python_of("tap-salesforce")), str(SCRIPTS / "tap.py"), "--config", str(folder / "tap.json")]
    discover = [*extract, "--discover"]
    said = subprocess.run(discover, env=os.environ | session, capture_output=True, text=True, check=True).stdout
    catalog = folder / "catalog.json"
    catalog.write_text(json.dumps(_contacts_of(json.loads(said), fields)))
    extract += ["--properties", str(catalog)]
    before, began = org.last_call(), time.perf_counter()
    state = _piped(extract, folder, session)
    seconds, calls = time.perf_counter() - began, len(org.calls(before))
    job_seconds = org.old_job_seconds(before)
    rows = run_child("benchmarks.work:rows_in", database=str(database), table="bench.contact").result
    (folder / "state.json").write_text(state)
    before = org.last_call()
    _piped([*extract, "--state", str(folder / "state.json")], folder, session)
    return Run(rows, seconds, job_seconds, calls=calls, idle_calls=len(org.calls(before)))


def _piped(extract: list[str], folder: Path, session: dict[str, str]) -> str:
    """Runs the tap into the target and gives the last state that the target wrote."""
    load = [str(python_of("target-duckdb").with_name("target-duckdb")), "--config", str(folder / "target.json")]
    with (folder / "errors.txt").open("w+") as errors:
        source = subprocess.Popen(extract, env=os.environ | session, stdout=subprocess.PIPE, stderr=errors)
        loaded = subprocess.run(
            load, stdin=source.stdout, stdout=subprocess.PIPE, stderr=errors, text=True, check=False
        )
        if source.wait() or loaded.returncode:
            errors.seek(0)
            raise PeerFailed(errors.read()[-4000:])
    return loaded.stdout.splitlines()[-1]


def _contacts_of(catalog: dict[str, list[dict[str, object]]], fields: list[str]) -> dict[str, object]:
    """The tap's own catalog with nothing selected but the contacts' fields."""
    (contact,) = (stream for stream in catalog["streams"] if stream["stream"] == "Contact")
    for entry in contact["metadata"]:  # type: ignore[attr-defined]  # JSON
        breadcrumb = entry["breadcrumb"]
        entry["metadata"]["selected"] = not breadcrumb or breadcrumb[-1] in fields
    return {"streams": [contact]}


def _calls(ours: Run, dicts: Compared, singer: Compared) -> Table:
    """API calls per million rows, and of an object in an hour in which nothing changed."""

    def per_million(run: Run) -> str:
        return f"{(run.calls or 0) * 1e6 / run.rows:,.0f} (counted with {run.rows:,} rows)"

    rows = [["sf_elt", per_million(ours), "1 (counted)"]]
    for each, known in ((dicts, "500 (2,000 rows a page)"), (singer, "job, batch, result list, results, looks")):
        counted = per_million(each.theirs[0]) if each.theirs else known
        idle = each.theirs[0].idle_calls if each.theirs else None
        rows.append([each.tool, counted, f"{idle} (counted)" if idle else "1 (one query an object)"])
    return Table("API calls:", ["Tool", "Per million rows", "Per idle hour and object"], rows)


def _rate(runs: Sequence[Run]) -> float:
    return median(run.rate for run in runs)


def _seconds(runs: Sequence[Run]) -> list[str]:
    """All of them, and those of the org's job."""
    return [f"{median(seconds):.1f}" for seconds in zip(*((run.seconds, run.job_seconds) for run in runs), strict=True)]
