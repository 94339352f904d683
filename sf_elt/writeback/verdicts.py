"""The verdict on each record: its payload, and whether it is to be sent. Computed in SQL, where the profiles are."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from importlib.resources import files

import duckdb
import orjson

from sf_elt.salesforce import ObjectDescribe, did_you_mean
from sf_elt.warehouse import naive, quote, quote_table, quote_text
from sf_elt.writeback.errors import ExportNotReady
from sf_elt.writeback.same_object import require_same_object
from sf_elt.writeback.sought import Types
from sf_elt.writeback.spec import UPDATING, ExportSpec
from sf_elt.writeback.subjects import make_subject_rows
from sf_elt.writeback.targets import Target, check_audiences, find_targets, match_list, matcher_lists

_SQL = files("sf_elt.writeback")
OWN_RECORDS_SQL = _SQL.joinpath("own_records.sql").read_text("utf-8")
VALUES_SQL = _SQL.joinpath("values.sql").read_text("utf-8")
PLAN_SQL = _SQL.joinpath("plan.sql").read_text("utf-8")

REFUSAL_STANDS = timedelta(days=1)
"""How long what the org refused waits, where neither the values nor the record change: an administrator may have
changed a permission or a rule, of which no record tells."""

_CHANGED_AT = ("SystemModstamp", "LastModifiedDate")


@dataclass(frozen=True)
class SubjectMatch:
    """What the org holds for the values that a subject's matchers have; `match_md5` tells which values."""

    subject_id: str
    match_md5: str
    outcome: str
    record_ids: Sequence[str] = ()
    message: str | None = None


@dataclass(frozen=True)
class FoundRecord:
    """The record of another object that has this value in this field; None where there is none, or several."""

    object: str
    field: str
    value: str
    record_id: str | None


def judge(
    connection: duckdb.DuckDBPyConnection,
    spec: ExportSpec,
    described: ObjectDescribe,
    *,
    now: datetime,
    matches: Sequence[SubjectMatch] = (),
    found: Sequence[FoundRecord] = (),
    among: Sequence[str] | None = None,
    looked_up_since: datetime | None = None,
) -> None:
    """Makes the temporary table `verdicts`: every record of the export with its payload and what to do about it.

    `matches` and `found` go before what the warehouse remembers of earlier look-ups. `among`: only these subjects.
    `looked_up_since`: what was not found before then is looked up again before it is created.
    """
    prepare(connection, spec, described, now=now, found=found, among=among)
    make_current_matches(connection, spec, matches, since=looked_up_since)
    parameters = {
        "export": spec.name,
        "stream": spec.records_stream,
        "operation": spec.operation,
        "creates": spec.creates,
        "has_matchers": bool(spec.matchers),
        "looks_further": spec.creates or bool(spec.matchers),
        "keeps_left": among is None
        and (spec.operation == "mirror" or (spec.operation in UPDATING and spec.on_leave == "clear")),
        "on_leave": spec.on_leave,
        "policy": spec.policy,
        "has_triggers": bool(spec.trigger_fields),
        "refused_since": naive(now) - REFUSAL_STANDS,
    }
    connection.execute(PLAN_SQL, parameters)


def prepare(
    connection: duckdb.DuckDBPyConnection,
    spec: ExportSpec,
    described: ObjectDescribe,
    *,
    now: datetime,
    found: Sequence[FoundRecord] = (),
    among: Sequence[str] | None = None,
) -> Types:
    """Makes targets, subject_values, found_records, imported_records and own_records, which the verdicts are made from.

    Gives the types of what subject_rows has.
    """
    audiences = [str(name) for (name,) in connection.execute("SELECT audience FROM insight.audiences").fetchall()]
    check_audiences(spec, audiences)
    require_same_object(connection, spec)
    connection.execute(VALUES_SQL)
    types = make_subject_rows(connection, spec, now=now)
    targets = find_targets(spec, described, types)
    _make_targets(connection, targets)
    _make_found_records(connection, found)
    _name_subjects(connection, spec, described, types, targets, among)
    _name_records(connection, spec)
    connection.execute(OWN_RECORDS_SQL)
    return types


def _make_targets(connection: duckdb.DuckDBPyConnection, targets: Sequence[Target]) -> None:
    rows = [{"ordinal": ordinal, **asdict(target)} for ordinal, target in enumerate(targets)]
    connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE targets AS
        SELECT unnest(from_json($targets, '[{
            "ordinal": "INTEGER", "field": "VARCHAR", "type": "VARCHAR", "source_type": "VARCHAR",
            "nillable": "BOOLEAN", "is_own": "BOOLEAN", "on_create": "BOOLEAN", "on_update": "BOOLEAN",
            "is_needed": "BOOLEAN", "max_length": "INTEGER", "limit_below": "DOUBLE", "allowed": ["VARCHAR"]
        }]'), max_depth := 2)
        """,
        {"targets": orjson.dumps(rows).decode()},
    )


def _make_found_records(connection: duckdb.DuckDBPyConnection, found: Sequence[FoundRecord]) -> None:
    connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE found_records AS
        WITH fresh AS (
            SELECT unnest(from_json($found, '[{
                "object": "VARCHAR", "field": "VARCHAR", "value": "VARCHAR", "record_id": "VARCHAR"
            }]'), max_depth := 2)
        )
        FROM fresh
        UNION ALL BY NAME
        SELECT object, field, value, record_id
        FROM writeback.found_records ANTI JOIN fresh USING (object, field, value)
        """,
        {"found": orjson.dumps([asdict(each) for each in found]).decode()},
    )


def _name_subjects(
    connection: duckdb.DuckDBPyConnection,
    spec: ExportSpec,
    described: ObjectDescribe,
    types: Types,
    targets: Sequence[Target],
    among: Sequence[str] | None,
) -> None:
    """The temporary view `subject_values`: each subject with the Ids of its records and its values as text."""
    lists = matcher_lists(spec, described, types)
    matchers = "".join(f", {values} AS _matcher{number}" for number, values in enumerate(lists))
    keys = _keys([f"subject._matcher{number}" for number in range(len(lists))]) if lists else "[[]]::VARCHAR[][]"
    asked = orjson.dumps([described.name, spec.matchers_operator, *spec.matchers]).decode() if lists else ""
    contents = ", ".join(target.content_sql for target in targets)
    triggers = ", ".join(f"subject.{quote(name)}::VARCHAR" for name in spec.trigger_fields)
    only = ""
    if among is not None:
        listed = ", ".join(map(quote_text, among)) or "NULL"
        only = f"WHERE _subject_id IN ({listed})"
    view = f"""
        CREATE OR REPLACE TEMP VIEW subject_values AS
        SELECT
            subject._subject_id AS subject_id, coalesce(subject._profile_id, '') AS profile_id,
            subject._created_at AS created_at, subject._updated_at AS updated_at, subject._in_source AS in_source,
            subject._may_have_left AS may_have_left, {match_list(spec, types)} AS record_ids,
            subject._match_keys AS match_keys, md5({quote_text(asked)} || subject._match_keys::VARCHAR) AS match_md5,
            {_new_key(spec, described)} AS new_key,
            {f"md5([_in_source::VARCHAR, {triggers}]::VARCHAR)" if triggers else "NULL::VARCHAR"} AS trigger_md5,
            [{contents}]::VARCHAR[] AS contents
        FROM (
            SELECT subject.*, {keys} AS _match_keys
            FROM (SELECT subject.*{matchers} FROM subject_rows AS subject {only}) AS subject
        ) AS subject
    """  # noqa: S608 - names and values are quoted
    connection.execute(view)


def _keys(lists: Sequence[str]) -> str:
    """SQL for the keys of a subject: a value for each matcher, one key for each value of one that is a list."""
    keys = "[[]::VARCHAR[]]"
    for number, values in enumerate(lists):
        longer = f"[list_append(key{number}, value{number}) FOR value{number} IN {values}]"
        keys = f"flatten([{longer} FOR key{number} IN {keys}])"
    return keys


def _new_key(spec: ExportSpec, described: ObjectDescribe) -> str:
    """SQL for a text that is the same for subjects whose new records the matchers could not tell apart."""
    if not spec.matchers:
        return "subject._subject_id"
    values = []
    for place, name in enumerate(spec.matchers, start=1):
        field = described.field(name)
        value = f"kept_text(subject._match_keys[1][{place}])"
        values.append(value if field.caseSensitive or field.type in ("id", "reference") else f"lower({value})")
    return f"[{', '.join(values)}]::VARCHAR"


def make_current_matches(
    connection: duckdb.DuckDBPyConnection,
    spec: ExportSpec,
    matches: Sequence[SubjectMatch],
    *,
    since: datetime | None = None,
) -> None:
    """Makes the temporary table current_matches: what was found just now, and of other subjects what is remembered.

    Where the export creates records, it is not remembered that there was none before `since`.
    """
    connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE current_matches AS
        WITH fresh AS (
            SELECT unnest(from_json($matches, '[{
                "subject_id": "VARCHAR", "match_md5": "VARCHAR", "outcome": "VARCHAR", "record_ids": ["VARCHAR"],
                "message": "VARCHAR"
            }]'), max_depth := 2)
        )
        FROM fresh
        UNION ALL BY NAME
        SELECT subject_id, match_md5, outcome, record_ids, message
        FROM writeback.matches ANTI JOIN fresh USING (subject_id)
        WHERE export = $export AND coalesce(outcome <> 'none' OR looked_at >= $since::TIMESTAMP, true)
        """,
        {
            "matches": orjson.dumps([asdict(each) for each in matches]).decode(),
            "export": spec.name,
            "since": naive(since) if since is not None and spec.creates else None,
        },
    )


def _name_records(connection: duckdb.DuckDBPyConnection, spec: ExportSpec) -> None:
    """The temporary view `imported_records`: which records can still be written.

    The stream must be there where only it tells of the records.
    """
    rows = connection.execute(
        "SELECT table_name, column_name FROM duckdb_columns() WHERE schema_name = 'streams'"
    ).fetchall()
    stream_columns = {str(column) for table, column in rows if table == spec.records_stream}
    if not stream_columns:
        if spec.match:
            raise ExportNotReady(
                f"export {spec.name!r} needs the stream {spec.records_stream!r}: import it first"
                f"{did_you_mean(spec.records_stream, {str(table) for table, _ in rows})}"
            )
        source = '(SELECT NULL::VARCHAR AS "Id", NULL::TIMESTAMP AS _deleted_at WHERE false)'
    else:
        source = quote_table("streams", spec.records_stream)
    is_converted = '"IsConverted"' if "IsConverted" in stream_columns else "false"
    merged_into = '"MasterRecordId"' if "MasterRecordId" in stream_columns else "NULL::VARCHAR"
    changed_at = next((f'"{name}"' for name in _CHANGED_AT if name in stream_columns), "NULL::TIMESTAMP")
    view = f"""
        CREATE OR REPLACE TEMP VIEW imported_records AS
        SELECT
            "Id" AS record_id, _deleted_at IS NOT NULL AS is_deleted, {is_converted} AS is_converted,
            CASE WHEN _deleted_at IS NOT NULL THEN {merged_into} END AS merged_into, {changed_at} AS changed_at
        FROM {source}
    """  # noqa: S608 - names are quoted, and there are no values
    connection.execute(view)


def counts(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """How many records have which verdict: planned, unchanged, set aside, refused before, without record, …"""
    rows = connection.execute("SELECT verdict, count(*) FROM verdicts GROUP BY verdict").fetchall()
    return {str(verdict): int(number) for verdict, number in rows}


def planned_by_operation(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """How many of the planned records are created, updated, deleted."""
    rows = connection.execute(
        "SELECT operation, count(*) FROM verdicts WHERE verdict = 'planned' GROUP BY operation ORDER BY operation"
    ).fetchall()
    return {str(operation): int(number) for operation, number in rows}
