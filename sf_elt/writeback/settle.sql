-- What came out of rows that were sent or looked up (temporary table `outcomes`, made by journal.py).
INSERT INTO writeback.sync_log BY NAME
SELECT
    $run_id AS run_id, plan_id, $export AS export, subject_id, profile_id, record_id, operation, changed_fields, status,
    code, message, retryable, attempt, transport, payload_md5, $at::TIMESTAMP AS logged_at
FROM outcomes
ORDER BY plan_id, row_number;

DELETE FROM writeback.refusals AS refusals
USING outcomes
WHERE
    refusals.export = $export
    AND refusals.subject_id = outcomes.subject_id
    AND (refusals.record_id = outcomes.record_id OR refusals.record_id IS NULL);

INSERT INTO writeback.refusals BY NAME
SELECT
    $export AS export, subject_id, record_id, status, code, message, retryable, payload_md5, $at::TIMESTAMP AS logged_at
FROM outcomes
WHERE status <> 'succeeded'
QUALIFY row_number() OVER (PARTITION BY subject_id, record_id ORDER BY plan_id) = 1;

-- An undo puts back what stood before: what the export wanted stays confirmed, so that it is not written again.
UPDATE writeback.confirmed AS confirmed
SET
    undone = map_concat(
        coalesce(undone, MAP {}),
        map_from_entries([
            entry FOR entry IN map_entries(outcomes.payload::MAP(VARCHAR, JSON))
            IF list_contains(outcomes.changed_fields, entry.key)
        ])
    ),
    confirmed_at = $at::TIMESTAMP
FROM outcomes
WHERE
    confirmed.export = $export AND confirmed.record_id = outcomes.record_id
    AND outcomes.is_undo AND outcomes.status = 'succeeded' AND outcomes.operation = 'update';

INSERT INTO writeback.confirmed BY NAME
SELECT
    $export AS export, record_id, subject_id, profile_id, '{}' AS payload, md5('{}') AS payload_md5, true AS is_kept,
    $at::TIMESTAMP AS confirmed_at
FROM outcomes
WHERE is_undo AND status = 'succeeded' AND operation = 'undelete';

CREATE OR REPLACE TEMP TABLE confirmed_before AS
SELECT record_id, was_created, payload, undone FROM writeback.confirmed
WHERE export = $export AND record_id IN (SELECT record_id FROM outcomes WHERE status = 'succeeded');

DELETE FROM writeback.confirmed
WHERE
    export = $export
    AND record_id IN (
        SELECT record_id FROM outcomes WHERE status = 'succeeded' AND (NOT is_undo OR operation = 'delete')
    );

INSERT INTO writeback.confirmed BY NAME
SELECT
    $export AS export, record_id, subject_id, profile_id, outcomes.payload, payload_md5, trigger_md5,
    operation = 'create' OR coalesce(before.was_created, false) AS was_created,
    map_from_entries([
        entry FOR entry IN map_entries(before.undone)
        IF json_extract(outcomes.payload, '$."' || entry.key || '"')
            IS NOT DISTINCT FROM json_extract(before.payload, '$."' || entry.key || '"')
    ]) AS undone,
    -- what an earlier run has sent somebody may have changed before this run found it out
    CASE WHEN planned_by = $run_id THEN $at::TIMESTAMP ELSE least(planned_at, $at::TIMESTAMP) END AS confirmed_at
FROM outcomes
LEFT JOIN confirmed_before AS before USING (record_id)
WHERE status = 'succeeded' AND operation IN ('create', 'update') AND NOT is_undo
QUALIFY row_number() OVER (PARTITION BY record_id ORDER BY plan_id) = 1;

-- What is deleted is no record to refer to.
DELETE FROM writeback.found_records
WHERE record_id IN (SELECT record_id FROM outcomes WHERE status = 'succeeded' AND operation = 'delete');

UPDATE writeback.plan_rows AS rows
SET
    status = CASE WHEN outcomes.is_final THEN 'done' ELSE 'planned' END,
    record_id = coalesce(outcomes.record_id, rows.record_id)
FROM outcomes
WHERE rows.plan_id = outcomes.plan_id AND rows.row_number = outcomes.row_number;
