-- What one run of an export has written: a row for each record, the fields that went, what they got, and as JSON what
-- stood in them before. $run_id: the run that sent or planned it. $made: Ids of records that count as well, whichever
-- run of the export has made them. What an undo of the run has taken back is told, for it is not taken back twice.
WITH
writes AS (
    SELECT
        log.plan_id,
        coalesce(log.subject_id, log.profile_id) AS subject_id,
        log.profile_id,
        log.record_id,
        log.operation,
        log.changed_fields,
        log.run_id AS sent_by,
        plans.run_id AS planned_by
    FROM writeback.sync_log AS log
    JOIN writeback.plans AS plans USING (plan_id)
    WHERE
        log.export = $export
        AND log.status = 'succeeded'
        AND coalesce(log.code, '') NOT IN ('ALREADY_HELD', 'CHANGED_BY_OTHERS')
        AND (
            $run_id IN (log.run_id, plans.run_id)
            OR (log.operation = 'create' AND log.record_id IN (SELECT unnest($made::VARCHAR[])))
        )
        AND coalesce(plans.undoes, '') = ''
),

-- By undos of the run.
taken_back AS (
    SELECT writes.plan_id, writes.record_id, writes.operation, flatten(list(log.changed_fields)) AS fields
    FROM writes
    JOIN writeback.sync_log AS log
        ON log.record_id = writes.record_id
        AND log.operation = CASE writes.operation WHEN 'create' THEN 'delete' WHEN 'delete' THEN 'undelete' ELSE 'update' END
    JOIN writeback.plans AS undo ON undo.plan_id = log.plan_id AND undo.undoes IN (writes.sent_by, writes.planned_by)
    WHERE log.export = $export AND log.status = 'succeeded'
    GROUP BY ALL
),

before AS (
    SELECT plan_id, record_id, json_group_object(field, value) AS held
    FROM writeback.previous_values
    SEMI JOIN writes USING (plan_id, record_id)
    GROUP BY plan_id, record_id
),

-- Records that this export has written again since they were made.
written_again AS (
    SELECT record_id
    FROM writeback.sync_log
    WHERE
        operation = 'update' AND status = 'succeeded'
        AND coalesce(code, '') NOT IN ('ALREADY_HELD', 'CHANGED_BY_OTHERS')
    GROUP BY record_id
)

SELECT
    writes.subject_id,
    writes.profile_id,
    writes.record_id,
    writes.operation,
    [name FOR name IN writes.changed_fields IF NOT list_contains(coalesce(taken_back.fields, []), name)],
    -- of a record that was made, what the export has left in it since
    CASE
        WHEN writes.operation = 'create' AND confirmed.payload IS NOT NULL
            THEN json_merge_patch(rows.payload, confirmed.payload)
        ELSE rows.payload
    END::VARCHAR AS payload,
    rows.sent_at,
    coalesce(before.held, '{}')::VARCHAR AS held_before,
    written_again.record_id IS NOT NULL AS is_written_again,
    writes.operation IN ('create', 'delete') AND taken_back.record_id IS NOT NULL AS is_taken_back
FROM writes
JOIN writeback.plan_rows AS rows USING (plan_id, record_id)
LEFT JOIN before USING (plan_id, record_id)
LEFT JOIN taken_back
    ON (taken_back.plan_id, taken_back.record_id, taken_back.operation)
    = (writes.plan_id, writes.record_id, writes.operation)
LEFT JOIN written_again USING (record_id)
LEFT JOIN writeback.confirmed AS confirmed ON confirmed.export = $export AND confirmed.record_id = writes.record_id
QUALIFY row_number() OVER (PARTITION BY writes.record_id, writes.operation ORDER BY rows.sent_at DESC) = 1
ORDER BY writes.record_id
