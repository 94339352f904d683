"""Pieces of work that are disturbed at one call of theirs, and what has to hold afterwards."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sf_elt.demo_org.faults.presets import PRESETS
from sf_elt.demo_org.serve import Details
from sf_elt.salesforce import SalesforceError
from sf_elt.streams import StreamError, StreamSpec, reconcile, refresh_formulas
from sf_elt.warehouse import WarehouseEmpty, WarehouseError, quote_table
from sf_elt_tests.orgs import client, levers
from sf_elt_tests.streams.support import CONTACTS, LEADS, Importer, Table, importing

CLEAR = (SalesforceError, StreamError, WarehouseError)
"""What a piece of work may end with."""

QUICK = {
    "slow": {"delay": 0.05},
    "trickle": {"trickle": 2_000_000},
    "far_away": {"trickle_after": 0.02},
    "query_timeout": {"refuse": {"over_rows": 50}},
    "operation_too_large": {"refuse": {"over_rows": 50}},
    "small_pages": {"page_size": 20},
}
"""The same faults without waiting, and of a size for small orgs."""

PATIENCE = timedelta(seconds=3)  # with a bulk job that may have met a fault; a machine has other work, too


@dataclass(frozen=True)
class Work:
    """What is done to one stream; `standing` is what makes the warehouse that it begins with, where it needs one."""

    name: str
    spec: StreamSpec
    do: Callable[[Importer, StreamSpec], object]
    standing: Callable[[Importer, Details], None] | None = None


def import_stream(importer: Importer, spec: StreamSpec) -> object:
    return importer.run(spec)


def _reconcile(importer: Importer, spec: StreamSpec) -> object:
    return reconcile(
        importer.org,
        importer.meter,
        importer.warehouse,
        spec,
        now=datetime.now(UTC),
        run_id="run",
        thorough=True,
        progress=importer.watcher,
    )


def _refresh(importer: Importer, spec: StreamSpec) -> object:
    return refresh_formulas(
        importer.org,
        importer.meter,
        importer.warehouse,
        spec,
        now=datetime.now(UTC),
        run_id="run",
        progress=importer.watcher,
    )


def with_differences(importer: Importer, org: Details, spec: StreamSpec = LEADS) -> None:
    """All leads, of which the stream then loses seven, and has two that the org does not have."""
    importer.run(spec)
    table = quote_table("streams", spec.stream)
    with importer.warehouse.write() as connection:
        some = f'SELECT "Id" FROM {table} WHERE _deleted_at IS NULL ORDER BY "Id"'
        connection.execute(f'DELETE FROM {table} WHERE "Id" IN ({some} LIMIT 7)')
        connection.execute(
            f'INSERT INTO {table} SELECT * REPLACE (left("Id", 15) || \'ZZZ\' AS "Id") '
            f'FROM {table} WHERE "Id" IN ({some} LIMIT 2)'
        )


def with_moved_formulas(importer: Importer, org: Details) -> None:
    """All contacts, whose accounts then change."""
    importer.run(CONTACTS)
    move_formulas(org)


def move_formulas(org: Details) -> None:
    """Changes three accounts, and with them formulas of their contacts."""
    sf = client(org, how="password")
    rated = sf.query("SELECT Id, Rating FROM Account ORDER BY Id LIMIT 3")["records"]
    for account in rated:
        sf.Account.update(account["Id"], {"Rating": "Cold" if account["Rating"] == "Hot" else "Hot"})


_BULK = replace(LEADS, transport="bulk", page_rows=30, job_patience=PATIENCE)
_GROUPS = StreamSpec("groups", "Group", timestamp_field="none", transport="rest")

WORKS = (
    Work("rest", replace(LEADS, transport="rest"), import_stream),
    Work("bulk", _BULK, import_stream),
    Work("whole, rest", _GROUPS, import_stream),
    Work("whole, bulk", replace(_GROUPS, transport="bulk", page_rows=2, job_patience=PATIENCE), import_stream),
    Work("reconcile, rest", replace(LEADS, transport="rest"), _reconcile, with_differences),
    Work("reconcile, bulk", _BULK, _reconcile, with_differences),
    Work("refresh, rest", replace(CONTACTS, transport="rest"), _refresh, with_moved_formulas),
    Work(
        "refresh, bulk", replace(_BULK, stream="salesforce_contacts", object="Contact"), _refresh, with_moved_formulas
    ),
)


def fault(preset: str, **how: object) -> dict[str, Any]:
    """The preset as it is planned here: without waiting, for these calls."""
    planned: dict[str, Any] = {"preset": preset, **QUICK.get(preset, {}), **how}
    does = PRESETS[preset].does
    for action in ("refuse", "reply"):
        said = does.get(action)
        if isinstance(said, Mapping) and "Retry-After" in said.get("headers", {}):
            planned[action] = {"headers": {"Retry-After": "0"}}
    return planned


@dataclass
class Bench:
    """One org and one piece of work: its calls, and the stream as an undisturbed run leaves it."""

    org: Details
    work: Work
    folder: Path
    calls: int = 0
    right: Table | None = None
    made: int = 0

    def __post_init__(self) -> None:
        if self.work.standing is not None:
            with importing(self.org, self.folder / "standing") as importer:
                self.work.standing(importer, self.org)
        with importing(self.org, self.new_folder()) as importer:
            before = importer.meter.made
            self.work.do(importer, self.patient)
            self.calls = importer.meter.made - before
            self.right = state(importer, self.work.spec)

    def disturbed(self, *faults: dict[str, Any]) -> Exception | None:
        """Does the work with these faults, then once without them; gives the error of the first, None if it was right.

        Asserts all that has to hold.
        """
        pull = levers(self.org)
        folder = self.new_folder()
        with importing(self.org, folder) as importer:
            before = rows(importer, self.work.spec)
            pull.calls.clear()
            pull.faults.plan(*faults)
            try:
                error = self._done(importer)
            finally:
                pull.faults.clear()
            assert error is None or isinstance(error, CLEAR), (
                f"{type(error).__module__}.{type(error).__name__}: {error}"
            )
            assert importer.meter.made == len(pull.calls.all())
            if error is None:
                assert state(importer, self.work.spec) == self.right
            else:
                assert rows(importer, self.work.spec) == before
        if error is not None:
            with importing(self.org, folder) as importer:
                self.work.do(importer, self.patient)
                assert state(importer, self.work.spec) == self.right
        assert left_over(importer) == []
        return error

    @property
    def patient(self) -> StreamSpec:
        """The spec for runs without a fault, which wait for a job as long as imports do."""
        return replace(self.work.spec, job_patience=StreamSpec.job_patience)

    def _done(self, importer: Importer) -> Exception | None:
        try:
            self.work.do(importer, self.work.spec)
        except Exception as error:
            return error
        return None

    def new_folder(self) -> Path:
        """The standing warehouse, once more."""
        self.made += 1
        folder = self.folder / str(self.made)
        if self.work.standing is not None:
            shutil.copytree(self.folder / "standing", folder)
        return folder


def rows(importer: Importer, spec: StreamSpec) -> Table | None:
    """All of the stream's table; None where there is none."""
    try:
        tables = importer.sql("SELECT schema_name || '.' || table_name FROM duckdb_tables()")
        name = f"streams.{spec.stream}"
        return importer.sql(f"FROM {name} ORDER BY ALL") if (name,) in tables else None
    except WarehouseEmpty:
        return None


def state(importer: Importer, spec: StreamSpec) -> Table:
    """The stream's rows without the times at which they were read."""
    own = "_loaded_at, _window, _deleted_at, _changed_at"
    return importer.sql(f'SELECT * EXCLUDE ({own}), _deleted_at IS NULL FROM streams.{spec.stream} ORDER BY "Id"')


def left_over(importer: Importer) -> list[Path]:
    """Folders of reads that are not over."""
    return list((importer.warehouse.root / "landing").glob("*/*-*"))
