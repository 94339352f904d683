-- Each export with its latest run. Counts are records; each counts by its last attempt in that run.
WITH
latest AS (
    FROM writeback.plans
    QUALIFY row_number() OVER (PARTITION BY export ORDER BY planned_at DESC, rowid DESC) = 1
),

last_attempts AS (
    SELECT
        plan_id,
        subject_id,
        record_id,
        arg_max({'status': status, 'transport': transport}, (attempt, logged_at, log.rowid)) AS outcome
    FROM writeback.sync_log AS log
    SEMI JOIN latest USING (plan_id)
    WHERE transport <> 'none'
    GROUP BY plan_id, subject_id, record_id
),

ended AS (
    SELECT
        plan_id,
        count(*) FILTER (outcome.status = 'succeeded' AND outcome.transport <> 'lookup') AS sent,
        count(*) FILTER (outcome.status = 'succeeded' AND outcome.transport = 'lookup') AS held_already,
        count(*) FILTER (outcome.status = 'failed') AS refused,
        count(*) FILTER (outcome.status = 'set aside') AS set_aside
    FROM last_attempts
    GROUP BY plan_id
),

open AS (
    SELECT
        plan_id,
        count(*) FILTER (status = 'planned') AS waiting,
        count(*) FILTER (status = 'in doubt') AS in_doubt
    FROM writeback.plan_rows
    SEMI JOIN latest USING (plan_id)
    GROUP BY plan_id
),

sent_lately AS (
    SELECT export, count(*) AS sent_month, max(logged_at) AS last_sent_at
    FROM writeback.sync_log
    WHERE status = 'succeeded' AND transport NOT IN ('none', 'lookup') AND logged_at > $month_ago::TIMESTAMP
    GROUP BY export
)

SELECT
    export,
    latest.object,
    latest.status,
    latest.planned_at,
    latest.rows_planned AS planned,
    coalesce(ended.sent, 0) AS sent,
    coalesce(ended.held_already, 0) AS held_already,
    coalesce(ended.refused, 0) AS refused,
    latest.rows_set_aside + coalesce(ended.set_aside, 0) AS set_aside,
    latest.rows_unchanged AS unchanged,
    coalesce(open.waiting, 0) AS waiting,
    coalesce(open.in_doubt, 0) AS in_doubt,
    coalesce(sent_lately.sent_month, 0) AS sent_month,
    sent_lately.last_sent_at
FROM latest
LEFT JOIN ended USING (plan_id)
LEFT JOIN open USING (plan_id)
LEFT JOIN sent_lately USING (export)
ORDER BY export
