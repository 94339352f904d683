"""How exports stand: their last plans, and which run has written something last."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import duckdb


@dataclass(frozen=True)
class LastPlan:
    """The last plan of an export. Times are UTC, without a zone; `wrote` is the last run that wrote something."""

    export: str
    plan_id: str
    run_id: str
    status: str
    planned_at: datetime
    by_operation: Mapping[str, int]
    undoes: str
    because: str
    wrote: str | None


def last_plans(connection: duckdb.DuckDBPyConnection) -> dict[str, LastPlan]:
    """By the name of the export; one that has not run has none."""
    rows = connection.execute(
        """
        WITH
        latest AS (
            FROM writeback.plans
            QUALIFY row_number() OVER (PARTITION BY export ORDER BY planned_at DESC, plans.rowid DESC) = 1
        ),

        wrote AS (
            SELECT log.export, arg_max(log.run_id, log.rowid) AS run_id
            FROM writeback.sync_log AS log
            JOIN writeback.plans AS plans USING (plan_id)
            WHERE
                log.status = 'succeeded' AND coalesce(plans.undoes, '') = ''
                AND coalesce(log.code, '') NOT IN ('ALREADY_HELD', 'CHANGED_BY_OTHERS')
            GROUP BY log.export
        )

        SELECT
            export, latest.plan_id, latest.run_id, latest.status, latest.planned_at,
            coalesce(latest.rows_by_operation, MAP {}), coalesce(latest.undoes, ''), coalesce(latest.held_because, ''),
            wrote.run_id
        FROM latest LEFT JOIN wrote USING (export)
        ORDER BY export
        """
    ).fetchall()
    return {row[0]: LastPlan(*row) for row in rows}
