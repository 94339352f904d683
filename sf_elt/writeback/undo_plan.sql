-- Writes the plan of an undo down: the plan, a row for each record that it sends, and in the log what stays as it is.
INSERT INTO writeback.plans BY NAME
SELECT
    $plan_id AS plan_id,
    $export AS export,
    $object AS object,
    'undo' AS operation,
    $run_id AS run_id,
    $rows_planned AS rows_planned,
    0 AS rows_unchanged,
    $rows_kept AS rows_set_aside,
    'planned' AS status,
    $undoes AS undoes,
    $force AS is_forced,
    '' AS held_because,
    $at::TIMESTAMP AS planned_at,
    map_from_entries(from_json($by_operation, '[{"k": "VARCHAR", "v": "BIGINT"}]')) AS rows_by_operation;

INSERT INTO writeback.plan_rows BY NAME
SELECT
    $plan_id AS plan_id,
    $export AS export,
    row_number() OVER (ORDER BY record_id, operation) AS row_number,
    subject_id,
    profile_id,
    record_id,
    operation,
    payload::JSON AS payload,
    md5(payload) AS payload_md5,
    expected::JSON AS expected,
    'planned' AS status,
    0 AS attempt
FROM (
    SELECT unnest(from_json($steps, '[{
        "subject_id": "VARCHAR", "profile_id": "VARCHAR", "record_id": "VARCHAR", "operation": "VARCHAR",
        "payload": "VARCHAR", "expected": "VARCHAR"
    }]'), max_depth := 2)
)
ORDER BY row_number;

INSERT INTO writeback.sync_log BY NAME
SELECT
    *,
    $run_id AS run_id,
    $plan_id AS plan_id,
    $export AS export,
    'set aside' AS status,
    false AS retryable,
    0 AS attempt,
    'none' AS transport,
    $at::TIMESTAMP AS logged_at
FROM (
    SELECT unnest(from_json($kept, '[{
        "subject_id": "VARCHAR", "profile_id": "VARCHAR", "record_id": "VARCHAR", "operation": "VARCHAR",
        "changed_fields": ["VARCHAR"], "code": "VARCHAR", "message": "VARCHAR"
    }]'), max_depth := 2)
)
