-- What the merge did, and the newest timestamp that was read.
SELECT
    count(*) FILTER (verdict = 'new') AS rows_new,
    count(*) FILTER (verdict = 'changed') AS rows_changed,
    count(*) FILTER (verdict IN ('new', 'changed') AND _deleted_at IS NOT NULL) AS rows_deleted,
    max({timestamp_field}) AS newest
FROM incoming
INNER JOIN verdicts USING ("Id")
