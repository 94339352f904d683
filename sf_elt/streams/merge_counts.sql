-- What the merge did, and the newest timestamp that was read.
SELECT
    count(*) FILTER (moving.verdict = 'new') AS rows_new,
    count(*) FILTER (moving.verdict = 'changed') AS rows_changed,
    count(*) FILTER (moving.verdict IS NOT NULL AND incoming._deleted_at IS NOT NULL) AS rows_deleted,
    max(incoming.{timestamp_field}) AS newest
FROM incoming
LEFT JOIN moving ON moving.arrived = incoming.rowid
