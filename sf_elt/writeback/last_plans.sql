-- Each export with its last plan, and the last run that wrote something.
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
