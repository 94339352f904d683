"""Profiles as the subjects of an export: all, those of a condition, or the members of audiences."""

from collections.abc import Mapping
from datetime import datetime
from importlib.resources import files

import duckdb

from sf_elt.insight import SCORES
from sf_elt.insight.conditions import AUDIENCES_COLUMN, ConditionRefused, evaluated_sql, parse_condition
from sf_elt.insight.subjects import make_subjects
from sf_elt.warehouse import quote
from sf_elt.writeback.errors import ExportMisconfigured, ExportNotReady
from sf_elt.writeback.source_rows import Column, SourceRows, table_types
from sf_elt.writeback.spec import ExportSpec

_AUDIENCES_SQL = files("sf_elt.writeback").joinpath("audiences_of_profile.sql").read_text("utf-8")


def rows_of_profiles(connection: duckdb.DuckDBPyConnection, spec: ExportSpec, now: datetime) -> SourceRows:
    """The profiles with their scores. Raises ExportNotReady where there are none, ExportMisconfigured."""
    if not table_types(connection, "profiles", "profiles"):
        raise ExportNotReady("there are no profiles yet: materialize profiles/profiles first")
    types = {**make_subjects(connection), "profile_id": "VARCHAR"}
    connection.execute(_AUDIENCES_SQL, {"audiences": list(spec.audiences)})
    conditions = [_condition(connection, spec, types, now)] if spec.condition else []
    if spec.only_members:
        conditions.append("len(coalesce(held.audiences, [])) > 0")
    parts = {
        "in_source": " AND ".join(conditions) or "true",
        "may_have_left": "held.profile_id IS NOT NULL" if spec.only_members and not spec.condition else "false",
        "scores": ", ".join(f"'{score} ' || person.{quote(score)}" for score in sorted(SCORES)),
        "in_audiences": quote(AUDIENCES_COLUMN),
    }
    columns = {name: Column(f"person.{quote(name)}", data_type) for name, data_type in types.items()}
    return SourceRows(columns, "rows_of_profiles", parts, lacks="the profiles have no user field")


def _condition(connection: duckdb.DuckDBPyConnection, spec: ExportSpec, types: Mapping[str, str], now: datetime) -> str:
    """The condition as SQL; who it cannot be evaluated for is not in the source."""
    known = [str(name) for (name,) in connection.execute("SELECT audience FROM insight.audiences").fetchall()]
    try:
        condition = parse_condition(spec.condition, list(types), known)
    except ConditionRefused as error:
        raise ExportMisconfigured(f"export {spec.name!r}: condition: {error}") from None
    return f"coalesce(TRY(({evaluated_sql(condition.expression, now)})), false)"
