"""What verdicts tell besides counts: what is set aside and why, what would be deleted, which field takes no value."""

from dataclasses import dataclass
from importlib.resources import files

import duckdb

from sf_elt.writeback.errors import ExportMisconfigured
from sf_elt.writeback.field_sources import Constant, Found
from sf_elt.writeback.sought import constant_text
from sf_elt.writeback.spec import ExportSpec

_UNFIT_SQL = files("sf_elt.writeback").joinpath("unfit_fields.sql").read_text("utf-8")

ALL_UNFIT = 20
"""So many records whose values a field cannot hold, and none that it can, are no bad rows: it is the wrong field."""


@dataclass(frozen=True)
class SetAside:
    """Records that are not sent for the same reason, with one of them as an example. The message may hold a value."""

    code: str
    records: int
    message: str
    profile_id: str
    record_id: str | None


def set_aside_by_code(connection: duckdb.DuckDBPyConnection) -> tuple[SetAside, ...]:
    """What is set aside in `verdicts`, the most frequent reason first."""
    rows = connection.execute(
        """
        SELECT code, count(*) AS records, first(message ORDER BY profile_id, record_id),
            first(profile_id ORDER BY profile_id, record_id), first(record_id ORDER BY profile_id, record_id)
        FROM verdicts WHERE verdict = 'set aside'
        GROUP BY code ORDER BY records DESC, code
        """
    ).fetchall()
    return tuple(SetAside(*row) for row in rows)


def deleted_by_plan(connection: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    """The Ids of the records that the plan would delete, in order."""
    rows = connection.execute(
        "SELECT record_id FROM verdicts WHERE verdict = 'planned' AND operation = 'delete' ORDER BY record_id"
    ).fetchall()
    return tuple(str(record_id) for (record_id,) in rows)


def require_matchers_found(connection: duckdb.DuckDBPyConnection, spec: ExportSpec) -> None:
    """Raises ExportMisconfigured where records must refer to one that the YAML names and the org does not have: none of
    them can be found, or made.
    """
    for name, source in spec.matchers.items():
        if spec.matchers_operator == "or" or not (isinstance(source, Found) and isinstance(source.equals, Constant)):
            continue
        value = constant_text(source.equals).strip()
        ((is_missing,),) = connection.execute(
            "SELECT bool_and(record_id IS NULL) FROM found_records WHERE object = ? AND field = ? AND value = ?",
            [source.find, source.by, value],
        ).fetchall()
        if is_missing:
            raise ExportMisconfigured(
                f"export {spec.name!r}: matchers: {name}: there is no {source.find} whose {source.by} is {value!r}, or "
                "more than one"
            )


def require_fields_fit(connection: duckdb.DuckDBPyConnection, spec: ExportSpec) -> None:
    """Raises ExportMisconfigured for a field that can hold none of the values in `verdicts`: its type has changed."""
    row = connection.execute(_UNFIT_SQL, {"at_least": ALL_UNFIT}).fetchone()
    if row is not None:
        kind, field, source, records = row
        raise ExportMisconfigured(
            f"export {spec.name!r}: {spec.object}.{field} is a *{kind}* field and can hold none of the *{source}* "
            f"values of {records:,} records"
        )
