-- Logs what a plan newly sets aside. Reads verdicts (plan.sql).
INSERT INTO writeback.sync_log BY NAME
SELECT
    $run_id AS run_id, $plan_id AS plan_id, $export AS export, subject_id, profile_id, record_id,
    coalesce(operation, $operation) AS operation, changed_fields, 'set aside' AS status, code, message,
    false AS retryable, 0 AS attempt, 'none' AS transport, $at::TIMESTAMP AS logged_at
FROM verdicts
WHERE verdict = 'set aside' AND NOT logged_before
ORDER BY record_id, subject_id;

DELETE FROM writeback.refusals AS refusals
USING verdicts
WHERE
    refusals.export = $export
    AND refusals.subject_id = verdicts.subject_id
    AND refusals.record_id IS NOT DISTINCT FROM verdicts.record_id
    AND verdicts.verdict = 'set aside'
    AND NOT verdicts.logged_before;

INSERT INTO writeback.refusals BY NAME
SELECT
    $export AS export, subject_id, record_id, 'set aside' AS status, code, message, false AS retryable,
    $at::TIMESTAMP AS logged_at
FROM verdicts
WHERE verdict = 'set aside' AND NOT logged_before;
