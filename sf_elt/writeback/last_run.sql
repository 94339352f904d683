-- The last run of these exports that wrote something and was not undone by $export. An undo of which the org refused
-- everything has undone nothing.
WITH undone AS (
    SELECT plans.undoes AS run_id
    FROM writeback.plans AS plans
    LEFT JOIN writeback.sync_log AS log
        ON log.plan_id = plans.plan_id AND log.status IN ('succeeded', 'failed')
    WHERE plans.export = $export AND plans.status = 'done' AND plans.undoes <> ''
    GROUP BY plans.plan_id, plans.undoes
    HAVING count(log.status) = 0 OR bool_or(log.status = 'succeeded')
)

SELECT log.run_id
FROM writeback.sync_log AS log
JOIN writeback.plans AS plans USING (plan_id)
WHERE
    log.export IN (SELECT unnest($exports::VARCHAR[]))
    AND log.status = 'succeeded' AND coalesce(plans.undoes, '') = ''
    AND coalesce(log.code, '') NOT IN ('ALREADY_HELD', 'CHANGED_BY_OTHERS')
    AND log.run_id NOT IN (SELECT run_id FROM undone)
    AND plans.run_id NOT IN (SELECT run_id FROM undone)
ORDER BY log.rowid DESC LIMIT 1
