"""What can go wrong with an export as a whole; what goes wrong with one record is a row in `sync_log`."""

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb


class ExportError(Exception):
    """An export cannot run."""


class ExportMisconfigured(ExportError):
    """The spec names something that the org or the profiles do not have, or that cannot be written."""


class ExportNotReady(ExportError):
    """What the export reads has not been made yet."""


class NotApproved(ExportError):
    """There is no such plan that waits for approval."""


class NoSuchSubject(ExportError):
    """Nobody, and nothing, that the export writes goes by that."""


class NothingToUndo(ExportError):
    """The run has written nothing, or cannot be undone."""


class PlanSuperseded(ExportError):
    """Another run of the same export has made a newer plan; that one goes on."""


@contextmanager
def of_this_version() -> Iterator[None]:
    """For what only reads: raises ExportNotReady where the warehouse lacks a table that a write would make."""
    try:
        yield
    except (duckdb.CatalogException, duckdb.BinderException) as error:
        if "writeback." not in str(error) and "does not exist" not in str(error):
            raise
        raise ExportNotReady(
            "an earlier version of sf_elt wrote this warehouse last, and it lacks what this one reads: materialize any "
            f"asset first, which brings it up to date. DuckDB says: {str(error).splitlines()[0]}"
        ) from error
