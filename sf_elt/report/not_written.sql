-- Why records were not written lately, each by its last outcome. The org's words stay in the log: they quote values.
WITH
last_outcomes AS (
    SELECT
        export,
        arg_max({'status': status, 'code': code, 'retryable': retryable}, (logged_at, attempt, log.rowid)) AS outcome
    FROM writeback.sync_log AS log
    WHERE logged_at > $month_ago::TIMESTAMP
    GROUP BY export, record_id, profile_id
)

SELECT export, outcome.status, coalesce(outcome.code, '') AS code, outcome.retryable, count(*) AS records
FROM last_outcomes
WHERE outcome.status <> 'succeeded'
GROUP BY ALL
ORDER BY export, records DESC, code
