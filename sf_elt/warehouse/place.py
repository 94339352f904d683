"""Where the warehouse of a project is."""

import os
import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from sf_elt.warehouse.connection import WAIT_SECONDS, Warehouse
from sf_elt.warehouse.errors import WarehouseError

NAMED_BY = "SF_ELT_DATA"
FOLDER = Path("data/warehouse")
PROJECT = "dagster.yaml"  # the file that a project's folder has
LANDING, LANDING_DAYS = "SF_ELT_LANDING_DAYS", "7"


def open_warehouse(
    folder: str | Path | None = None, *, wait_seconds: float = WAIT_SECONDS, environ: Mapping[str, str] = os.environ
) -> Warehouse:
    """The warehouse in that folder; else in the one that SF_ELT_DATA names, in the environment or in the project's
    `.env`; else in `data/warehouse` of the project. Opens no file: each question does, and closes it.

        from sf_elt import open_warehouse

        warehouse = open_warehouse()
        leads = warehouse.table("salesforce_leads")                          # a pandas DataFrame
        new = warehouse.sql("FROM salesforce_leads WHERE lead_created_date > $1", ["2026-01-01"])
        warehouse.tables(), warehouse.describe("salesforce_leads")           # what there is

    The project is the nearest folder with a `dagster.yaml`, from the current one up. `wait_seconds` is how long a
    question waits while a run writes. Raises WarehouseError where SF_ELT_LANDING_DAYS, for which what unfinished reads
    have landed is kept, is no number of days, and for a folder in which DuckDB can keep no file.
    """
    keep_landed = landed_is_kept(environ)
    root = Path(folder).expanduser() if folder is not None else _of_project(environ)
    if "?" in str(root.resolve()):
        raise WarehouseError(
            f"{NAMED_BY}: {root} cannot hold the warehouse: DuckDB reads what follows a ? in a path as options. Take a "
            "folder without one"
        )
    return Warehouse(root, wait_seconds=wait_seconds, keep_landed=keep_landed)


def landed_is_kept(environ: Mapping[str, str] = os.environ) -> timedelta:
    """For how long: what SF_ELT_LANDING_DAYS says. Raises WarehouseError where that is no number of days."""
    days = environ.get(LANDING) or LANDING_DAYS
    if not re.fullmatch(r"\d{1,4}(\.\d{1,6})?", days, re.ASCII):
        raise WarehouseError(
            f"{LANDING}: {days!r} is no number of days; accepted are {LANDING_DAYS}, 0.5 and 0, up to 9999"
        )
    return timedelta(days=float(days))


def _of_project(environ: Mapping[str, str]) -> Path:
    """A name that is no whole path begins at the project, where runs are: a notebook is in a folder below."""
    from dotenv import dotenv_values

    here = Path.cwd()
    project = next((each for each in (here, *here.parents) if (each / PROJECT).is_file()), here)
    found = project / (environ.get(NAMED_BY) or dotenv_values(project / ".env").get(NAMED_BY) or FOLDER)
    return found.relative_to(here) if found.is_relative_to(here) else found
