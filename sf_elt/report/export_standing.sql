-- Each export with its last plan, and the records whose last outcome was no success.
WITH
latest AS (
    FROM writeback.plans
    QUALIFY row_number() OVER (PARTITION BY export ORDER BY planned_at DESC, rowid DESC) = 1
),

open AS (
    SELECT plan_id, count(*) AS still_to_write
    FROM writeback.plan_rows
    SEMI JOIN latest USING (plan_id)
    WHERE status <> 'done'
    GROUP BY plan_id
),

refused AS (
    SELECT
        export,
        count(*) FILTER (status = 'failed') AS failed,
        count(*) FILTER (status = 'set aside') AS set_aside,
        mode(code ORDER BY code) AS most_often
    FROM writeback.refusals
    GROUP BY export
)

SELECT
    export,
    latest.status,
    latest.planned_at,
    latest.plan_id,
    coalesce(latest.held_because, ''),
    coalesce(open.still_to_write, 0),
    coalesce(refused.failed, 0),
    coalesce(refused.set_aside, 0),
    coalesce(refused.most_often, '')
FROM latest
LEFT JOIN open USING (plan_id)
LEFT JOIN refused USING (export)
ORDER BY export
