"""Whatever the umask is, what holds personal data is its owner's only, from its first byte on."""

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from sf_elt.components.landing_sweep import sweep_landing
from sf_elt.components.resources import open_warehouse
from sf_elt.demo_org.serve import Details
from sf_elt.report.writing import write_page
from sf_elt.salesforce import AllowanceSpent
from sf_elt.warehouse import Warehouse, WarehouseError, hold_memory, scratch, taking_turns
from sf_elt.warehouse.private import private_files, replacing
from sf_elt_tests.streams.support import LEADS, importing

REST = replace(LEADS, transport="rest")


@pytest.fixture(autouse=True)
def open_umask() -> Iterator[None]:
    """Whatever is made may be opened by everybody."""
    before = os.umask(0)
    yield
    assert os.umask(before) == 0


def _open_to_others(folder: Path) -> dict[str, str]:
    """What others may open in the folder, with its mode; and the folder itself."""
    modes = {}
    for path in (folder, *folder.rglob("*")):
        with suppress(FileNotFoundError):  # other threads of an import make and remove some meanwhile
            modes[str(path)] = path.lstat().st_mode
    return {path: oct(stat.S_IMODE(mode)) for path, mode in modes.items() if mode & 0o077}


@pytest.mark.parametrize("transport", ["rest", "bulk"])
def test_imports_make_private_files(org: Details, tmp_path: Path, transport: str) -> None:
    """Looked at whenever an import says how far it is: pages, locks, what it has written down, the ledger of calls.

    And the warehouse with DuckDB's log, after it. A run that is out of calls leaves its pages as private.
    """
    seen: set[str] = set()

    def look(_: str, __: int, ___: int | None) -> None:
        assert _open_to_others(tmp_path / "warehouse") == {}
        seen.update(path.name for path in (tmp_path / "warehouse").rglob("*"))

    with importing(org, tmp_path) as importer:
        importer.run(replace(LEADS, transport=transport), progress=look)  # type: ignore[arg-type]  # one of its words
        importer.meter.limit = importer.meter.made + 1
        with pytest.raises(AllowanceSpent):
            importer.run(REST)
    assert _open_to_others(tmp_path / "warehouse") == {}
    assert {".in-use", "read.json", "calls.sqlite", "calls.sqlite-wal", "salesforce_leads"} <= seen
    assert any(name.startswith(transport) for name in seen), seen


def test_what_duckdb_makes_by_itself_is_private(tmp_path: Path) -> None:
    """Its log, and what does not fit into memory, of the warehouse and of a search beside it; locks of turns too."""
    warehouse = Warehouse(tmp_path / "data" / "warehouse")
    large = "CREATE TABLE large AS SELECT md5(range::VARCHAR) AS text FROM range(600_000)"
    with taking_turns(warehouse, "leads"), warehouse.alone() as connection:
        connection.execute("SET memory_limit = '20MB'; SET threads = 1; CREATE TABLE small (n INTEGER)")
        connection.execute(large.replace("TABLE", "TEMP TABLE"))
        names = {path.name for path in warehouse.root.rglob("*") if path.stat().st_size}
        assert "warehouse.duckdb.wal" in names
        assert any(name.startswith("duckdb_temp_") for name in names), names
        assert _open_to_others(tmp_path / "data") == {}
    with scratch(warehouse) as connection:
        hold_memory(connection, "20MB")
        connection.execute(large)
        assert _open_to_others(tmp_path / "data") == {}


def test_files_for_people_are_private(tmp_path: Path) -> None:
    """A report and its folder; and what a killed process has left of an earlier one goes with the next."""
    left, other = tmp_path / f".list.csv.{'0' * 32}", tmp_path / ".list.csv.mine"
    gone = tmp_path / f".list.csv.{'1' * 32}"
    gone.symlink_to(tmp_path / "nothing")  # listed, and not there: as one of a process that has just come to its end
    for file in (left, other):
        file.touch()
        os.utime(file, (0, 0))
    write_page("<p>", tmp_path / "reports" / "report.html")
    assert _open_to_others(tmp_path / "reports") == {}
    with replacing(tmp_path / "list.csv") as part:
        assert stat.S_IMODE(part.stat().st_mode) == 0o600
    assert (left.exists(), other.exists(), (tmp_path / "list.csv").exists()) == (False, True, True)


def test_what_was_open_is_narrowed_and_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A warehouse of an earlier version, or a copy: the next writer takes it from others and says so, once."""
    root = tmp_path / "warehouse"
    (root / "landing").mkdir(parents=True)
    (root / "landing" / "page.json").touch()
    (root / "elsewhere").symlink_to("/etc/passwd")
    warehouse = Warehouse(root)
    for _ in range(2):
        with warehouse.write():
            assert {name for name in _open_to_others(root) if not name.endswith("elsewhere")} == set()
    assert [record.getMessage() for record in caplog.records] == [
        f"3 files and folders in {root} could be opened by others: now only by the owner"
    ]


def test_nested_blocks_put_the_umask_back_once(tmp_path: Path) -> None:
    """The last block that ends puts it back, also after an exception."""
    with pytest.raises(LookupError), private_files():
        with private_files():
            pass
        (tmp_path / "file").touch()
        raise LookupError
    (tmp_path / "open").touch()
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("file", "open")]
    assert modes == [0o600, 0o666]


def test_unfinished_reads_are_kept_for_as_long_as_is_said(
    org: Details, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SF_ELT_LANDING_DAYS after its last page the next read of any stream, or the sensor, removes what has landed.

    And what a killed export has left of its job. With 0 a read that is out of calls keeps nothing.
    """
    with importing(org, tmp_path) as importer:
        for days, kept in ((7, 1), (0, 0)):
            importer.warehouse = replace(importer.warehouse, keep_landed=timedelta(days=days))
            importer.meter.limit = importer.meter.made + 1
            with pytest.raises(AllowanceSpent):
                importer.run(REST)
            landed = importer.warehouse.landing("salesforce_leads")
            assert len(list(landed.glob("*-*"))) == kept
            if not kept:
                break
            upload = importer.warehouse.landing("export_leads") / "750.csv"
            upload.touch()
            now = datetime.now(UTC)
            monkeypatch.setenv("SF_ELT_DATA", str(importer.warehouse.root))
            monkeypatch.setenv("SF_ELT_LANDING_DAYS", str(days))
            for age, remaining in ((6, 1), (8, 0)):
                then = (now - timedelta(days=age)).timestamp()
                for file in (upload, *landed.rglob("*")):
                    os.utime(file, (then, then))
                told = str(sweep_landing()(dg.build_sensor_context()))
                assert f"{1 - remaining} unfinished read" in told
                assert (len(list(landed.glob("*-*"))), upload.exists()) == (remaining, bool(remaining))


def test_the_time_to_keep_is_a_number_of_days() -> None:
    """SF_ELT_LANDING_DAYS, seven without it; anything else is refused by name."""
    assert open_warehouse(environ={}).keep_landed == timedelta(days=7)
    assert open_warehouse(environ={"SF_ELT_LANDING_DAYS": "0.5"}).keep_landed == timedelta(hours=12)
    with pytest.raises(WarehouseError, match=r"SF_ELT_LANDING_DAYS: 'soon' is no number of days; accepted are 7,"):
        open_warehouse(environ={"SF_ELT_LANDING_DAYS": "soon"})


def test_a_folder_in_which_duckdb_can_keep_no_file_is_refused(tmp_path: Path) -> None:
    """What follows a ? it takes for options, and looks for its log elsewhere. Other odd names are names."""
    with pytest.raises(WarehouseError, match=r"SF_ELT_DATA: .*what\?x=1 cannot hold the warehouse"):
        open_warehouse(tmp_path / "what?x=1")
    odd = open_warehouse(tmp_path / "we[ir]d*'\"{x} $1;--\n%41")
    with odd.write() as connection:
        connection.execute("CREATE TABLE streams.web_events AS SELECT 1 AS one")
    assert len(odd.sql("FROM streams.web_events")) == 1
