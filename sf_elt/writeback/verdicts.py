"""The verdict on each record: its payload, and whether it is to be sent. Computed in SQL, where the profiles are."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from importlib.resources import files

import duckdb
import orjson

from sf_elt.salesforce import ObjectDescribe, did_you_mean
from sf_elt.warehouse import naive, quote_table
from sf_elt.writeback.errors import ExportNotReady
from sf_elt.writeback.spec import ExportSpec
from sf_elt.writeback.targets import Target, check_audiences, find_targets, match_column, profile_columns

_SQL = files("sf_elt.writeback")
VALUES_SQL = _SQL.joinpath("values.sql").read_text("utf-8")
AUDIENCES_SQL = _SQL.joinpath("audiences_of_profile.sql").read_text("utf-8")
PLAN_SQL = _SQL.joinpath("plan.sql").read_text("utf-8")

REFUSAL_STANDS = timedelta(days=1)
"""How long what the org refused waits, where neither the values nor the record change: an administrator may have
changed a permission or a rule, of which no record tells."""

_CHANGED_AT = ("SystemModstamp", "LastModifiedDate")


def judge(connection: duckdb.DuckDBPyConnection, spec: ExportSpec, described: ObjectDescribe, *, now: datetime) -> None:
    """Makes the temporary table `verdicts`: every record of the export with its payload and what to do about it."""
    columns = profile_columns(connection)
    audiences = [str(name) for (name,) in connection.execute("SELECT audience FROM insight.audiences").fetchall()]
    check_audiences(spec, audiences)
    targets = find_targets(spec, described, columns)
    connection.execute(VALUES_SQL)
    _make_targets(connection, targets)
    connection.execute(AUDIENCES_SQL, {"audiences": list(spec.audiences)})
    _name_profiles(connection, spec, columns, targets)
    _name_records(connection, spec)
    parameters = {
        "export": spec.name,
        "stream": spec.records_stream,
        "only_members": spec.only_members,
        "refused_since": naive(now) - REFUSAL_STANDS,
    }
    connection.execute(PLAN_SQL, parameters)


def _make_targets(connection: duckdb.DuckDBPyConnection, targets: Sequence[Target]) -> None:
    rows = [{"ordinal": ordinal, **asdict(target)} for ordinal, target in enumerate(targets)]
    connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE targets AS
        SELECT unnest(from_json($targets, '[{
            "ordinal": "INTEGER", "field": "VARCHAR", "type": "VARCHAR", "source_type": "VARCHAR",
            "nillable": "BOOLEAN", "is_own": "BOOLEAN", "max_length": "INTEGER", "limit_below": "DOUBLE",
            "allowed": ["VARCHAR"]
        }]'), max_depth := 2)
        """,
        {"targets": orjson.dumps(rows).decode()},
    )


def _name_profiles(
    connection: duckdb.DuckDBPyConnection, spec: ExportSpec, columns: dict[str, str], targets: Sequence[Target]
) -> None:
    """The temporary view `profile_values`: each profile with the Ids of its records and its values as text."""
    match = "profile." + match_column(spec, columns)
    record_ids = match if columns[spec.match].endswith("[]") else f"[{match}]"
    contents = ", ".join(target.content_sql for target in targets)
    view = f"""
        CREATE OR REPLACE TEMP VIEW profile_values AS
        SELECT profile.profile_id, profile.created_at, {record_ids} AS record_ids, [{contents}] AS contents
        FROM profiles.profiles AS profile
        LEFT JOIN audiences_of_profile AS held USING (profile_id)
        LEFT JOIN insight.scores AS score USING (profile_id)
        LEFT JOIN insight.interests AS interest USING (profile_id)
    """  # noqa: S608 - names are quoted, and there are no values
    connection.execute(view)


def _name_records(connection: duckdb.DuckDBPyConnection, spec: ExportSpec) -> None:
    """The temporary view `imported_records`: which records can still be written. The stream must be there."""
    rows = connection.execute(
        "SELECT table_name, column_name FROM duckdb_columns() WHERE schema_name = 'streams'"
    ).fetchall()
    stream_columns = {str(column) for table, column in rows if table == spec.records_stream}
    if not stream_columns:
        raise ExportNotReady(
            f"export {spec.name!r} needs the stream {spec.records_stream!r}: import it first"
            f"{did_you_mean(spec.records_stream, {str(table) for table, _ in rows})}"
        )
    is_converted = '"IsConverted"' if "IsConverted" in stream_columns else "false"
    changed_at = next((f'"{name}"' for name in _CHANGED_AT if name in stream_columns), "NULL::TIMESTAMP")
    view = f"""
        CREATE OR REPLACE TEMP VIEW imported_records AS
        SELECT
            "Id" AS record_id, _deleted_at IS NOT NULL AS is_deleted, {is_converted} AS is_converted,
            {changed_at} AS changed_at
        FROM {quote_table("streams", spec.records_stream)}
    """  # noqa: S608 - names are quoted, and there are no values
    connection.execute(view)


def counts(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """How many records have which verdict: planned, unchanged, set aside, refused before."""
    rows = connection.execute("SELECT verdict, count(*) FROM verdicts GROUP BY verdict").fetchall()
    return {str(verdict): int(number) for verdict, number in rows}
