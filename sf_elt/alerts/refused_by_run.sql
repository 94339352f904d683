-- What each run of an export could not write, by code, and each reading of event files: those since $since.
-- A run that was paused and went on is one, by its plan. A record that was written in the end does not count.
WITH
runs AS (
    SELECT plan_id, export, run_id, planned_at
    FROM writeback.plans
    WHERE planned_at > $since::TIMESTAMP
        AND operation <> 'undo'
        AND status IN ('planned', 'sending', 'done', 'paused')
),

refusals AS (
    SELECT
        plan_id,
        coalesce(subject_id, profile_id) AS subject_id,
        record_id,
        arg_max({'status': status, 'code': code}, (attempt, logged_at, log.rowid)) AS outcome
    FROM writeback.sync_log AS log
    SEMI JOIN runs USING (plan_id)
    WHERE status <> 'succeeded' AND logged_at > $since::TIMESTAMP
    GROUP BY ALL
),

written AS (
    SELECT plan_id, coalesce(subject_id, profile_id) AS subject_id, record_id
    FROM writeback.sync_log
    WHERE status = 'succeeded' AND logged_at > $since::TIMESTAMP
),

counted AS (
    SELECT plan_id, outcome.status, outcome.code, count(*) AS records
    FROM refusals
    ANTI JOIN written
        ON written.plan_id = refusals.plan_id
        AND written.subject_id = refusals.subject_id
        AND written.record_id IS NOT DISTINCT FROM refusals.record_id
    GROUP BY ALL
)

SELECT
    'writeback/' || export AS subject,
    run_id,
    planned_at AS ran_at,
    coalesce(status, '') AS status,
    coalesce(code, '') AS code,
    coalesce(records, 0) AS records
FROM runs
LEFT JOIN counted USING (plan_id)
UNION ALL
SELECT
    'streams/' || stream,
    coalesce(run_id, read_at::VARCHAR),
    max(read_at),
    'set aside',
    'LINE_UNREADABLE',
    sum(rows_set_aside)::BIGINT
FROM ops.event_files
WHERE read_at > $since::TIMESTAMP
GROUP BY ALL
ORDER BY subject, ran_at, records DESC
