"""Events as the subjects of an export: those of a stream for which a condition holds, each with its profile."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial

import duckdb

from sf_elt.insight.conditions import evaluated_sql
from sf_elt.insight.linked import linked_streams, linked_view
from sf_elt.profiles.mapping.expressions import (
    CONDITION,
    Expression,
    ExpressionRefused,
    columns_of,
    parse_expression,
)
from sf_elt.salesforce import did_you_mean
from sf_elt.warehouse import quote, quote_table, quote_text
from sf_elt.writeback.errors import ExportMisconfigured, ExportNotReady
from sf_elt.writeback.source_rows import Column, SourceRows, table_types
from sf_elt.writeback.spec import ExportSpec

EVENT_ID = "event_id"
PROPERTIES = "properties"

_HAPPENED_AT = ("occurred_at", "SystemModstamp", "LastModifiedDate", "CreatedDate", "_loaded_at")
_ARRIVED_AT = ("_loaded_at", *_HAPPENED_AT)


def rows_of_events(connection: duckdb.DuckDBPyConnection, spec: ExportSpec, now: datetime) -> SourceRows:
    """The events that `where` accepts. A name is a column of the stream, else a user field of the event's profile, else
    a property of the events, as text, whether or not one has it yet.

    A stream whose events belong to no profiles is written, too: only user fields are unknown then. Raises
    ExportNotReady; ExportMisconfigured for a name that looks like a slip, with the nearest that there is.
    """
    of_stream = _stream_types(connection, spec)
    linked = EVENT_ID in of_stream and bool(linked_streams(connection, [spec.events], "to export"))
    of_people = table_types(connection, "profiles", "profiles") if linked else {}
    where = _parsed(spec)
    asked = [] if where is None else columns_of(where.tree)
    properties = [
        *_no_columns(asked, of_stream),
        *_no_columns(sorted(spec.columns_read()), {**of_stream, **of_people}),
    ]
    present = _meant(connection, spec, of_stream, dict.fromkeys(properties))
    of_events = {**of_stream, **dict.fromkeys(present, "VARCHAR")}
    parts = {
        "all_columns": ", ".join(["*", *(f"{_property(name)} AS {quote(name)}" for name in present)]),
        "stream": quote_table("streams", spec.events),
        "where": _where(spec, where, of_events, now, nameable=partial(_all_properties, connection, spec, of_stream)),
        "key": quote(_key(spec, of_events)),
        "profile_id": "person.profile_id" if linked else "CAST(NULL AS VARCHAR)",
        "people": _people(spec.events) if linked else "",
        "created_at": _time(of_stream, _ARRIVED_AT),
        "updated_at": _time(of_stream, _HAPPENED_AT),
    }
    columns = _columns("person", of_people) | _columns("event", of_events)
    return SourceRows(
        columns,
        "rows_of_events",
        parts,
        lacks=f"the stream {spec.events} has no column, and its events no property,"
        if PROPERTIES in of_stream
        else f"the stream {spec.events} has no column",
        more_names=partial(_all_properties, connection, spec, of_stream),
    )


def _stream_types(connection: duckdb.DuckDBPyConnection, spec: ExportSpec) -> dict[str, str]:
    if found := table_types(connection, "streams", spec.events):
        return found
    streams = connection.execute(
        "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'streams' AND database_name = current_database()"
    ).fetchall()
    hint = did_you_mean(spec.events, [str(name) for (name,) in streams])
    raise ExportNotReady(f"export {spec.name!r} needs the stream {spec.events!r}: import it first{hint}")


def _parsed(spec: ExportSpec) -> Expression | None:
    """The condition, in which any name may stand for now."""
    try:
        return parse_expression(spec.where, None, CONDITION) if spec.where else None
    except ExpressionRefused as error:
        raise _refused(spec, error) from None


def _where(
    spec: ExportSpec,
    where: Expression | None,
    of_events: Mapping[str, str],
    now: datetime,
    *,
    nameable: Callable[[], Sequence[str]],
) -> str:
    """The condition as SQL; an event that it cannot be evaluated for, or that is deleted, is none of those wanted."""
    conditions = ["_deleted_at IS NULL"] if "_deleted_at" in of_events else []
    if where is not None:
        unknown = _no_columns(columns_of(where.tree), of_events)
        try:
            checked = parse_expression(spec.where, [*of_events, *(nameable() if unknown else ())], CONDITION)
        except ExpressionRefused as error:
            raise _refused(spec, error) from None
        conditions.append(f"TRY(({evaluated_sql(checked.tree, now)}))")
    return " AND ".join(conditions) or "true"


def _refused(spec: ExportSpec, error: ExpressionRefused) -> ExportMisconfigured:
    return ExportMisconfigured(f"export {spec.name!r}: where: {error}")


def _key(spec: ExportSpec, of_events: Mapping[str, str]) -> str:
    """What tells events apart; of groups it matters only which of two rows of one time comes first."""
    if spec.key:
        return spec.key
    return next((name for name in (EVENT_ID, "Id") if name in of_events), next(iter(of_events)))


def _people(stream: str) -> str:
    """SQL that joins to each event the profile that it belongs to."""
    return f"""
    LEFT JOIN (SELECT {EVENT_ID}, min(profile_id) AS profile_id FROM {linked_view(stream)} GROUP BY 1) AS linked
        ON linked.{EVENT_ID} = event.{EVENT_ID}
    LEFT JOIN profiles.profiles AS person ON person.profile_id = linked.profile_id
    """  # noqa: S608 - the name is quoted


def _time(of_stream: Mapping[str, str], names: Iterable[str]) -> str:
    found = next((name for name in names if name in of_stream), None)
    return "CAST(NULL AS TIMESTAMP)" if found is None else f"CAST(event.{quote(found)} AS TIMESTAMP)"


def _columns(table: str, types: Mapping[str, str]) -> dict[str, Column]:
    return {name: Column(f"{table}.{quote(name)}", data_type) for name, data_type in types.items()}


def _no_columns(names: Iterable[str], columns: Collection[str]) -> list[str]:
    known = {each.casefold() for each in columns}
    return [name for name in names if name.casefold() not in known]


def _property(name: str) -> str:
    return f"{PROPERTIES} ->> {quote_text(f'$.{quote(name)}')}"


def _meant(
    connection: duckdb.DuckDBPyConnection, spec: ExportSpec, of_stream: Mapping[str, str], names: Iterable[str]
) -> list[str]:
    """Those of the names that are properties: of any event, or of events that may come.

    Of the latter are not what is called nearly like something that there is, nor what tells events or groups apart.
    """
    if PROPERTIES not in of_stream:
        return []
    stream = quote_table("streams", spec.events)
    has = f"SELECT 1 FROM {stream} WHERE json_exists({PROPERTIES}, ?) LIMIT 1"  # noqa: S608 - quoted
    absent = [name for name in names if not connection.execute(has, [f"$.{quote(name)}"]).fetchall()]
    if not absent:
        return list(names)
    known = [*of_stream, *_all_properties(connection, spec, of_stream)]
    needed = {spec.key, *spec.group_columns}
    wrong = {name for name in absent if name in needed or did_you_mean(name, known)}
    return [name for name in names if name not in wrong]


def _all_properties(connection: duckdb.DuckDBPyConnection, spec: ExportSpec, of_stream: Mapping[str, str]) -> list[str]:
    """The names of all properties that the events have."""
    if PROPERTIES not in of_stream:
        return []
    rows = connection.execute(
        f"SELECT DISTINCT unnest(json_keys({PROPERTIES})) FROM {quote_table('streams', spec.events)}"  # noqa: S608
    ).fetchall()
    return [str(name) for (name,) in rows]
