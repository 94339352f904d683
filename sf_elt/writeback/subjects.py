"""Who or what the records of an export are about: profiles, events, or groups of either, with the values it reads.

A subject of profiles is a profile; of events one event, by its key; with group_by, one value of that column.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files

import duckdb

from sf_elt.insight import SCORES
from sf_elt.insight.conditions import AUDIENCES_COLUMN, ConditionRefused, evaluated_sql, parse_condition
from sf_elt.insight.subjects import make_subjects
from sf_elt.profiles.mapping.expressions import CONDITION, ExpressionRefused, parse_expression
from sf_elt.salesforce import did_you_mean
from sf_elt.warehouse import quote, quote_table, quote_text
from sf_elt.writeback.errors import ExportMisconfigured, ExportNotReady
from sf_elt.writeback.field_sources import Total
from sf_elt.writeback.spec import ExportSpec

_SQL = files("sf_elt.writeback")
AUDIENCES_SQL = _SQL.joinpath("audiences_of_profile.sql").read_text("utf-8")
EVENT_ID = "event_id"
PROPERTIES = "properties"


@dataclass(frozen=True)
class Column:
    """What one name of the YAML reads: its SQL over the rows of the source, and its DuckDB type."""

    sql: str
    data_type: str


Columns = Mapping[str, Column]


def make_subject_rows(connection: duckdb.DuckDBPyConnection, spec: ExportSpec, *, now: datetime) -> dict[str, str]:
    """Makes the temporary view subject_rows; gives the DuckDB types of what it has besides its own `_…` columns.

    Its own: _subject_id, _profile_id, _created_at, _updated_at (UTC), _in_source, _may_have_left (was in the source
    once), _audiences (names), _scores (text), _topics (text).

    Raises ExportNotReady, ExportMisconfigured with the nearest name that exists.
    """
    columns, relation = _of_events(connection, spec) if spec.events else _of_profiles(connection, spec, now)
    read = {name: _known(spec, columns, name) for name in sorted(spec.columns_read())}
    listed = ", ".join(f"{column.sql} AS {quote(name)}" for name, column in read.items())
    view = f"SELECT {', '.join([relation.own, *([listed] if listed else [])])} FROM {relation.tables}"  # noqa: S608
    types = {name: column.data_type for name, column in read.items()}
    if spec.group_by:
        view = _grouped(spec, read, view)
        types |= {total_of(source.sum): "DOUBLE" for source in spec.sources().values() if isinstance(source, Total)}
    elif spec.events:
        view = f"{view} QUALIFY row_number() OVER (PARTITION BY _subject_id ORDER BY _updated_at DESC) = 1"
    connection.execute(f"CREATE OR REPLACE TEMP VIEW subject_rows AS {view}")
    return types


def total_of(column: str) -> str:
    """The column of subject_rows that has the sum of that column."""
    return f"sum of {column}"


@dataclass(frozen=True)
class _Relation:
    own: str
    tables: str


def _of_profiles(connection: duckdb.DuckDBPyConnection, spec: ExportSpec, now: datetime) -> tuple[Columns, _Relation]:
    require_profiles(connection)
    types = {**make_subjects(connection), "profile_id": "VARCHAR"}
    connection.execute(AUDIENCES_SQL, {"audiences": list(spec.audiences)})
    conditions = [_condition(connection, spec, types, now)] if spec.condition else []
    if spec.only_members:
        conditions.append("len(coalesce(held.audiences, [])) > 0")
    in_source = " AND ".join(f"coalesce(({each}), false)" for each in conditions) or "true"
    may_have_left = "held.profile_id IS NOT NULL" if spec.only_members and not spec.condition else "false"
    scores = ", ".join(f"'{score} ' || person.{quote(score)}" for score in sorted(SCORES))
    own = f"""
        person.profile_id AS _subject_id, person.profile_id AS _profile_id, person.created_at AS _created_at,
        person.updated_at AS _updated_at, {in_source} AS _in_source, {may_have_left} AS _may_have_left,
        held.audiences AS _audiences, concat_ws(', ', {scores}) AS _scores, person.top_topics AS _topics
    """
    tables = f"({_with_audiences()}) AS person LEFT JOIN audiences_of_profile AS held USING (profile_id)"
    return {name: Column(f"person.{quote(name)}", each) for name, each in types.items()}, _Relation(own, tables)


def _with_audiences() -> str:
    """The view of insight, with the column that conditions ask which audiences a profile is in."""
    return f"""
        SELECT subjects.*, stays.audiences AS {quote(AUDIENCES_COLUMN)}
        FROM subjects
        LEFT JOIN (
            SELECT profile_id, list(DISTINCT audience) AS audiences
            FROM insight.audience_members WHERE left_at IS NULL GROUP BY profile_id
        ) AS stays USING (profile_id)
    """  # noqa: S608 - the name is quoted


def _condition(connection: duckdb.DuckDBPyConnection, spec: ExportSpec, types: Mapping[str, str], now: datetime) -> str:
    known = [str(name) for (name,) in connection.execute("SELECT audience FROM insight.audiences").fetchall()]
    try:
        return evaluated_sql(parse_condition(spec.condition, list(types), known).expression, now)
    except ConditionRefused as error:
        raise ExportMisconfigured(f"export {spec.name!r}: condition: {error}") from None


def require_profiles(connection: duckdb.DuckDBPyConnection) -> None:
    """Raises ExportNotReady where there are no profiles."""
    found = connection.execute(
        "SELECT count(*) FROM duckdb_tables() WHERE schema_name = 'profiles' AND table_name = 'profiles'"
    ).fetchall()
    if found != [(1,)]:
        raise ExportNotReady("there are no profiles yet: materialize profiles/profiles first")


def _of_events(connection: duckdb.DuckDBPyConnection, spec: ExportSpec) -> tuple[Columns, _Relation]:
    of_stream = _table_types(connection, "streams", spec.events)
    if not of_stream:
        streams = {
            str(name)
            for (name,) in connection.execute(
                "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'streams'"
            ).fetchall()
        }
        raise ExportNotReady(
            f"export {spec.name!r} needs the stream {spec.events!r}: import it first"
            f"{did_you_mean(spec.events, streams)}"
        )
    columns = {name: Column(f"event.{quote(name)}", data_type) for name, data_type in of_stream.items()}
    key = spec.key or (EVENT_ID if EVENT_ID in of_stream else next(iter(of_stream)))
    if key not in of_stream:
        raise ExportMisconfigured(
            f"export {spec.name!r}: key: the stream {spec.events} has no column {key!r}{did_you_mean(key, of_stream)}"
        )
    tables = f"{quote_table('streams', spec.events)} AS event"
    person = "NULL::VARCHAR"
    if _is_view(connection, f"{spec.events}_by_profile"):
        view = quote_table("profiles", f"{spec.events}_by_profile")
        linked = f"SELECT {quote(key)} AS _key, min(profile_id) AS profile_id FROM {view} GROUP BY 1"  # noqa: S608
        tables += (
            f" LEFT JOIN ({linked}) AS linked ON linked._key = event.{quote(key)}"
            " LEFT JOIN profiles.profiles AS person USING (profile_id)"
        )
        person = "person.profile_id"
        of_people = _table_types(connection, "profiles", "profiles")
        columns = {name: Column(f"person.{quote(name)}", each) for name, each in of_people.items()} | columns
    if spec.where:
        tables += f" WHERE {_where(spec, of_stream)}"
    loaded_at = "event._loaded_at" if "_loaded_at" in of_stream else "NULL::TIMESTAMP"
    happened_at = "event.occurred_at" if "occurred_at" in of_stream else loaded_at
    own = f"""
        event.{quote(key)}::VARCHAR AS _subject_id, {person} AS _profile_id, {loaded_at} AS _created_at,
        {happened_at} AS _updated_at, true AS _in_source, false AS _may_have_left, []::VARCHAR[] AS _audiences,
        NULL::VARCHAR AS _scores, NULL::VARCHAR AS _topics
    """
    return columns, _Relation(own, tables)


def _where(spec: ExportSpec, of_stream: Mapping[str, str]) -> str:
    """The condition on events; a name that is no column is a property of the event."""
    try:
        return parse_expression(spec.where, list(of_stream), CONDITION).text
    except ExpressionRefused as error:
        raise ExportMisconfigured(f"export {spec.name!r}: where: {error}") from None


def _grouped(spec: ExportSpec, read: Columns, rows: str) -> str:
    """One row for each value of group_by: of each column its latest value, and the sums that are asked for."""
    latest = [f"arg_max({quote(name)}, _updated_at) AS {quote(name)}" for name in read if name != spec.group_by]
    sums = [
        f"sum(TRY_CAST({quote(source.sum)} AS DOUBLE)) AS {quote(total_of(source.sum))}"
        for source in spec.sources().values()
        if isinstance(source, Total)
    ]
    group = f"lower(trim(CAST({quote(spec.group_by)} AS VARCHAR)))"
    return f"""
        SELECT
            {group} AS _subject_id, arg_min(_profile_id, _created_at) AS _profile_id, min(_created_at) AS _created_at,
            max(_updated_at) AS _updated_at, bool_or(_in_source) AS _in_source,
            bool_or(_may_have_left) AS _may_have_left, []::VARCHAR[] AS _audiences, NULL::VARCHAR AS _scores,
            NULL::VARCHAR AS _topics, arg_max({quote(spec.group_by)}, _updated_at) AS {quote(spec.group_by)}
            {"".join(f", {each}" for each in [*latest, *dict.fromkeys(sums)])}
        FROM ({rows})
        WHERE _in_source AND {group} <> ''
        GROUP BY 1
    """  # noqa: S608 - the names are quoted


def _known(spec: ExportSpec, columns: Columns, name: str) -> Column:
    """The column of that name; of events also one of their properties."""
    if name in columns:
        return columns[name]
    if spec.events and PROPERTIES in columns:
        return Column(f"event.{quote(PROPERTIES)} ->> {quote_text(f'$.{quote(name)}')}", "VARCHAR")
    what = f"the stream {spec.events} has no column" if spec.events else "the profiles have no user field"
    raise ExportMisconfigured(f"export {spec.name!r}: {what} {name!r}{did_you_mean(name, columns)}")


def _table_types(connection: duckdb.DuckDBPyConnection, schema: str, table: str) -> dict[str, str]:
    rows = connection.execute(
        "SELECT column_name, data_type FROM duckdb_columns() "
        "WHERE schema_name = ? AND table_name = ? AND database_name = current_database() ORDER BY column_index",
        [schema, table],
    ).fetchall()
    return {str(name): str(data_type) for name, data_type in rows}


def _is_view(connection: duckdb.DuckDBPyConnection, name: str) -> bool:
    found = connection.execute(
        "SELECT 1 FROM duckdb_views() "
        "WHERE schema_name = 'profiles' AND view_name = ? AND database_name = current_database()",
        [name],
    ).fetchone()
    return found is not None
