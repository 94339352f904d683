-- The record of a completed read, in the transaction that moved its rows.
INSERT INTO ops.windows BY NAME
SELECT
    $stream AS stream,
    $window_start AS window_start,
    $window_end AS window_end,
    $read_from AS read_from,
    $read_to AS read_to,
    $is_open AS is_open,
    $timestamp_field AS timestamp_field,
    $transport AS transport,
    $org_count AS org_count,
    $rows_read AS rows_read,
    $rows_new AS rows_new,
    $rows_changed AS rows_changed,
    $rows_unchanged AS rows_unchanged,
    $rows_deleted AS rows_deleted,
    $newest AS newest,
    $api_calls AS api_calls,
    $seconds AS seconds,
    $run_id AS run_id,
    $completed_at AS completed_at,
    $asked_md5 AS asked_md5,
    $rows_kept_out AS rows_kept_out
