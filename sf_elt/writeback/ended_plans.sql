-- Drops the rows of an export's ended plans that nobody can need: neither an approval, for they have ended, nor an undo,
-- which takes back what was written. Stays what the org has confirmed as written, for its run can be undone whenever.
DELETE FROM writeback.plan_rows
WHERE
    export = $export AND status = 'planned'
    AND plan_id IN (
        SELECT plan_id FROM writeback.plans
        WHERE export = $export AND status IN ('done', 'superseded', 'rejected')
    );

-- The last plan's rows that were tried and have written nothing, and all of an undo, which is not undone itself.
DELETE FROM writeback.plan_rows
WHERE
    plan_id = (SELECT arg_max(plan_id, plans.rowid) FROM writeback.plans AS plans WHERE export = $export)
    AND status = 'done'
    AND (
        plan_id IN (SELECT plan_id FROM writeback.plans WHERE undoes <> '')
        OR coalesce(record_id, '') NOT IN (
            SELECT record_id FROM writeback.sync_log
            WHERE
                export = $export AND status = 'succeeded' AND record_id IS NOT NULL
                AND coalesce(code, '') NOT IN ('ALREADY_HELD', 'CHANGED_BY_OTHERS')
                AND plan_id = (SELECT arg_max(plan_id, plans.rowid) FROM writeback.plans AS plans WHERE export = $export)
        )
    );
