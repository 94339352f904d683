-- What the first rows of a stream are, and the newest timestamp that was read.
SELECT
    count(*) AS rows_new,
    count(_deleted_at) AS rows_deleted,
    max({timestamp_field}) AS newest
FROM {stream}
