-- What the last build read of the rows that are looked at now: all, but of events that only came only those of them.
CREATE OR REPLACE TEMP VIEW rows_before AS
SELECT contents
FROM profiles.rows_read
WHERE
    stream NOT IN (SELECT stream FROM grown_streams)
    OR (stream, record_id) IN (SELECT (stream, record_id) FROM rows_now)
