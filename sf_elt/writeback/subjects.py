"""Who or what the records of an export are about: profiles, events, or groups of either, with the values it reads.

A subject of profiles is a profile; of events one event, by its key; with group_by, one value of that column.
"""

from datetime import datetime

import duckdb

from sf_elt.profiles.sql import statement
from sf_elt.salesforce import did_you_mean
from sf_elt.warehouse import quote
from sf_elt.writeback.errors import ExportMisconfigured
from sf_elt.writeback.source_rows import Column, Columns, SourceRows
from sf_elt.writeback.spec import ExportSpec
from sf_elt.writeback.subjects_of_events import rows_of_events
from sf_elt.writeback.subjects_of_profiles import rows_of_profiles


def make_subject_rows(connection: duckdb.DuckDBPyConnection, spec: ExportSpec, *, now: datetime) -> dict[str, str]:
    """Makes the temporary view subject_rows; gives the DuckDB types of what it has besides its own `_…` columns.

    Its own: _subject_id, _profile_id, _created_at, _updated_at (UTC), _in_source, _may_have_left (was in the source
    once), _audiences (names), _scores (text), _topics (text).

    Raises ExportNotReady, ExportMisconfigured with the nearest name that exists.
    """
    source = rows_of_events(connection, spec, now) if spec.events else rows_of_profiles(connection, spec, now)
    read = {name: _known(spec, source, name) for name in sorted(spec.columns_read())}
    rows = source.select({name: column.sql for name, column in read.items()})
    types = {name: column.data_type for name, column in read.items()}
    if spec.group_by:
        rows = _grouped(connection, spec, read, rows)
        types |= {total_of(total.sum): "VARCHAR" for total in spec.totals()}
    connection.execute(f"CREATE OR REPLACE TEMP VIEW subject_rows AS {rows}")
    return types


def total_of(column: str) -> str:
    """The column of subject_rows that has the sum of that column."""
    return f"sum of {column}"


def _known(spec: ExportSpec, source: SourceRows, name: str) -> Column:
    if name in source.columns:
        return source.columns[name]
    raise ExportMisconfigured(f"export {spec.name!r}: {source.lacks} {name!r}{did_you_mean(name, source.nameable())}")


def make_group_macros(connection: duckdb.DuckDBPyConnection) -> None:
    """Makes the macros by which rows become groups."""
    connection.execute(statement("groups", package=__package__))


def _grouped(connection: duckdb.DuckDBPyConnection, spec: ExportSpec, read: Columns, rows: str) -> str:
    """SQL for one row for each value of group_by, or each combination of values."""
    for name in spec.group_columns:
        if read[name].data_type.endswith("[]"):
            raise ExportMisconfigured(
                f"export {spec.name!r}: group_by: {name!r} is a list, and a record is of one group: name a field with "
                "one value"
            )
    make_group_macros(connection)
    values = [f"CAST({quote(name)} AS VARCHAR)" for name in spec.group_columns]
    parts = [f"group_value({value})" for value in values]
    columns = [f"latest({quote(name)}, _updated_at, _subject_id) AS {quote(name)}" for name in read]
    columns += [
        f"total(CAST({quote(name)} AS VARCHAR)) AS {quote(total_of(name))}"
        for name in dict.fromkeys(total.sum for total in spec.totals())
    ]
    return statement(
        "rows_of_groups",
        package=__package__,
        subject_id=parts[0] if len(parts) == 1 else f"CAST(to_json([{', '.join(parts)}]) AS VARCHAR)",
        has_group=" AND ".join(f"coalesce(trim({value}), '') <> ''" for value in values),
        columns=",\n    ".join(columns),
        rows=rows,
    )
