"""What one run of an export has written, as the log tells it: what an undo takes back."""

from collections.abc import Collection, Sequence
from importlib.resources import files

import duckdb
import orjson

from sf_elt.writeback.errors import NothingToUndo
from sf_elt.writeback.putting_back import Written

_SQL = files("sf_elt.writeback").joinpath("writes_of_run.sql").read_text("utf-8")
_LAST_SQL = files("sf_elt.writeback").joinpath("last_run.sql").read_text("utf-8")


def writes_of_run(
    connection: duckdb.DuckDBPyConnection, export: str, run: str, *, made: Collection[str] = ()
) -> list[Written]:
    """The records that the run has written, and those of these Ids that the export has made in whichever run."""
    found = connection.execute(_SQL, {"export": export, "run_id": run, "made": list(made)}).fetchall()
    return [
        Written(
            subject_id, profile_id, record_id, operation, tuple(fields), orjson.loads(payload), sent_at,
            orjson.loads(before), *since,
        )
        for subject_id, profile_id, record_id, operation, fields, payload, sent_at, before, *since in found
    ]  # fmt: skip


def last_run(connection: duckdb.DuckDBPyConnection, export: str, makers: Sequence[str]) -> str:
    """The last run that wrote something and was not undone. `makers`: exports that make what this one refers to.

    An undo of which the org refused everything has undone nothing. Raises NothingToUndo where there is no such run.
    """
    row = connection.execute(_LAST_SQL, {"export": export, "exports": [export, *makers]}).fetchone()
    if row is None:
        raise NothingToUndo(f"export {export!r} has no run that wrote something and was not undone")
    return str(row[0])


def is_undo(connection: duckdb.DuckDBPyConnection, export: str, run: str) -> bool:
    """Whether the run was an undo itself."""
    row = connection.execute(
        "SELECT 1 FROM writeback.plans WHERE export = ? AND run_id = ? AND undoes <> ''", [export, run]
    ).fetchone()
    return row is not None
