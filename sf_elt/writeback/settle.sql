-- What came out of rows that were sent or looked up (temporary table `outcomes`, made by journal.py).
INSERT INTO writeback.sync_log BY NAME
SELECT
    $run_id AS run_id, plan_id, $export AS export, subject_id, profile_id, record_id, operation, changed_fields, status,
    code, message, retryable, attempt, transport, payload_md5, $at::TIMESTAMP AS logged_at
FROM outcomes
ORDER BY plan_id, row_number;

CREATE OR REPLACE TEMP TABLE created_before AS
SELECT record_id FROM writeback.confirmed
WHERE
    export = $export AND was_created
    AND record_id IN (SELECT record_id FROM outcomes WHERE status = 'succeeded');

DELETE FROM writeback.confirmed
WHERE export = $export AND record_id IN (SELECT record_id FROM outcomes WHERE status = 'succeeded');

INSERT INTO writeback.confirmed BY NAME
SELECT
    $export AS export, record_id, subject_id, profile_id, payload, payload_md5, trigger_md5,
    operation = 'create' OR record_id IN (FROM created_before) AS was_created, $at::TIMESTAMP AS confirmed_at
FROM outcomes
WHERE status = 'succeeded' AND operation IN ('create', 'update')
QUALIFY row_number() OVER (PARTITION BY record_id ORDER BY plan_id) = 1;

UPDATE writeback.plan_rows AS rows
SET
    status = CASE WHEN outcomes.is_final THEN 'done' ELSE 'planned' END,
    record_id = coalesce(outcomes.record_id, rows.record_id)
FROM outcomes
WHERE rows.plan_id = outcomes.plan_id AND rows.row_number = outcomes.row_number;
