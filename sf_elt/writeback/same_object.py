"""An export remembers records of one object: under its name no records of another are looked for, or written."""

import duckdb

from sf_elt.writeback.errors import ExportMisconfigured
from sf_elt.writeback.spec import ExportSpec


def require_same_object(connection: duckdb.DuckDBPyConnection, spec: ExportSpec) -> None:
    """Raises ExportMisconfigured where records of another object are remembered under the export's name: it would take
    them for its own, and a mirror would delete them.
    """
    row = connection.execute(
        """
        SELECT object FROM writeback.plans
        WHERE
            export = $export
            AND (
                EXISTS (FROM writeback.confirmed WHERE export = $export)
                OR EXISTS (FROM writeback.plan_rows WHERE export = $export AND status = 'in doubt')
            )
        ORDER BY plans.rowid DESC LIMIT 1
        """,
        {"export": spec.name},
    ).fetchone()
    if row is not None and row[0].casefold() != spec.object.casefold():
        raise ExportMisconfigured(
            f"export {spec.name!r} has written {row[0]} records, which it remembers: give the export to {spec.object} "
            "another name"
        )
