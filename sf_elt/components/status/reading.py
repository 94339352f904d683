"""All of it at one moment. What cannot be looked at is said among the rest, and keeps nothing else from being shown."""

import sqlite3
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Literal

import dagster as dg

from sf_elt.components.deployment import Deployment
from sf_elt.components.keys import export_key, stream_key
from sf_elt.components.running import pauses_of
from sf_elt.components.status.instance import NoInstance, opened_instance
from sf_elt.components.status.quotas import Quota, quotas
from sf_elt.components.status.runs import LastRun, last_runs
from sf_elt.components.status.timetable import Daemon, Ticking, daemon, tickings
from sf_elt.components.wrong_yaml import WrongYaml
from sf_elt.insight import WarehouseOutdated
from sf_elt.report.standing import Standing, StandingStream, read_standing
from sf_elt.warehouse import Warehouse, WarehouseBusy, WarehouseEmpty, WarehouseError
from sf_elt.warehouse.calls_standing import OrgSays, calls_standing
from sf_elt.warehouse.origin import origin_of

WAIT_SECONDS = 2.0
RUNS = 10

Load = Callable[[], dg.Definitions]
OfWarehouse = Literal["read", "empty", "a run is writing", "outdated", "another version", "foreign", "unreadable"]


@dataclass(frozen=True)
class PausedWork:
    """Work of an asset that waits, and goes on by itself after `until`; `reason`: for what, API calls mostly."""

    asset: str
    until: datetime
    reason: str


@dataclass(frozen=True)
class Status:
    """How everything stands `at` a moment. Times are aware.

    What could not be looked at says why: `of_warehouse`, `of_calls`, `wrong_yaml`, `no_instance`.
    """

    at: datetime
    warehouse: OfWarehouse
    of_warehouse: str
    standing: Standing
    quotas: tuple[Quota, ...] = ()
    orgs: tuple[OrgSays, ...] = ()
    runs: tuple[LastRun, ...] = ()
    tickings: tuple[Ticking, ...] = ()
    paused: tuple[PausedWork, ...] = ()
    daemon: Daemon | None = None
    schedules: tuple[dg.ScheduleDefinition, ...] = ()
    sensors: tuple[dg.SensorDefinition, ...] = ()
    deployment: Deployment | None = None
    of_calls: str = ""
    wrong_yaml: str = ""
    no_instance: NoInstance | None = None

    @property
    def notes(self) -> list[str]:
        """What could not be looked at, and why."""
        of_yaml = f"The YAML is wrong, so neither schedules nor maxima are known: {self.wrong_yaml}"
        of_dagster = str(self.no_instance or "")
        return [*filter(None, (self.of_warehouse, self.of_calls, of_yaml * bool(self.wrong_yaml), of_dagster))]

    def as_dict(self) -> dict[str, object]:
        """For programs: times in ISO 8601."""
        return {
            "at": _plain(self.at),
            "warehouse": self.warehouse,
            "streams": [_stream(each) for each in self.standing.streams],
            "exports": [_plain(asdict(each)) for each in self.standing.exports],
            "quotas": [asdict(each) for each in self.quotas],
            "orgs": [_plain({**asdict(each), "left": max(0, each.allowed - each.used)}) for each in self.orgs],
            "runs": [_plain(asdict(each)) for each in self.runs],
            "schedules": [_plain(asdict(each)) for each in self.tickings if each.kind == "schedule"],
            "sensors": [_plain(asdict(each)) for each in self.tickings if each.kind == "sensor"],
            "paused": [_plain(asdict(each)) for each in self.paused],
            "daemon": None if self.daemon is None else _plain(asdict(self.daemon)),
            "notes": self.notes,
        }


def read_status(warehouse: Warehouse, load: Load, now: datetime, *, runs: int = RUNS) -> Status:
    """Reads the warehouse, the ledger of calls, the YAML and Dagster's storage; each for a moment.

    `load` loads the definitions, which know every schedule and every maximum.
    """
    how, of_warehouse, standing = _of_warehouse(warehouse, now)
    found = _with_definitions(Status(now, how, of_warehouse, standing), load)
    schedules, sensors = found.schedules, found.sensors
    found = _with_calls(found, warehouse)
    try:
        with opened_instance() as instance:
            return replace(
                found,
                runs=last_runs(instance, runs, now),
                tickings=tickings(schedules, sensors, instance, now),
                paused=_paused(instance, found.deployment),
                daemon=daemon(instance, now),
            )
    except NoInstance as error:
        return replace(found, no_instance=error, tickings=tickings(schedules, sensors, None, now))


def _of_warehouse(warehouse: Warehouse, now: datetime) -> tuple[OfWarehouse, str, Standing]:
    """A short read that waits only a little for a run that is writing; why there is nothing to show."""
    nothing = Standing((), ())
    waiting = replace(warehouse, wait_seconds=WAIT_SECONDS)
    try:
        standing = read_standing(waiting, now)
        made_by, tables = origin_of(waiting)
        if made_by == "somebody else":
            says = (
                f"{warehouse.file} is another program's: it has tables ({tables}), and none of sf_elt's. The next "
                "import would write its own into it, beside them"
            )
            return "foreign", says, nothing
        if made_by == "another version":
            says = (
                f"{warehouse.file} was last written by another version of sf_elt; the next write brings it to this one"
            )
            return "another version", says, standing
        return "read", "", standing
    except WarehouseEmpty as error:
        return "empty", str(error), nothing
    except WarehouseBusy:
        says = f"a run is writing to {warehouse.file}: streams and exports are shown once it has ended"
        return "a run is writing", says, nothing
    except WarehouseOutdated as error:
        return "outdated", str(error), nothing
    except (WarehouseError, OSError) as error:
        return "unreadable", str(error), nothing


def _with_definitions(found: Status, load: Load) -> Status:
    """With the deployment, its schedules and sensors; without where the YAML is wrong."""
    try:
        definitions = load()
    except (WrongYaml, dg.DagsterError) as error:
        return replace(found, wrong_yaml=str(error))
    tree = definitions.component_tree
    return replace(
        found,
        deployment=Deployment.of(tree) if tree is not None else None,
        schedules=tuple(each for each in definitions.schedules or () if isinstance(each, dg.ScheduleDefinition)),
        sensors=tuple(each for each in definitions.sensors or () if isinstance(each, dg.SensorDefinition)),
    )


def _with_calls(found: Status, warehouse: Warehouse) -> Status:
    try:
        calls = calls_standing(warehouse, found.at)
    except (sqlite3.Error, OSError) as error:
        return replace(found, of_calls=f"the ledger of API calls cannot be read: {error}")
    return replace(found, quotas=quotas(found.deployment, calls), orgs=calls.orgs)


def _paused(instance: dg.DagsterInstance, deployment: Deployment | None) -> tuple[PausedWork, ...]:
    if deployment is None:
        return ()
    keys = [stream_key(each.stream) for importer in deployment.imports for each in importer.imported]
    keys += [export_key(each.name) for each in deployment.exports]
    found = [
        PausedWork(key.path[-1], longest.until, _why(longest.reason))
        for key in keys
        if (paused := pauses_of(instance, key)) and (longest := max(paused, key=lambda each: each.until))
    ]
    return tuple(sorted(found, key=lambda each: (each.until, each.asset)))


def _why(reason: str) -> str:
    """In one line, and without the time, which is shown beside it."""
    return " ".join(reason.partition(", paused until ")[0].split()) or "no reason was given"


def _stream(each: StandingStream) -> dict[str, object]:
    told = asdict(each)
    lag = told.pop("lag")
    return {**{name: _plain(value) for name, value in told.items()}, "lag_seconds": round(lag.total_seconds())}


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    return [_plain(each) for each in value] if isinstance(value, (list, tuple)) else value
