-- What the last build read of the rows that are looked at now: of streams that only grew, no more than those.
CREATE OR REPLACE TEMP TABLE rows_before AS
SELECT contents
FROM profiles.rows_read
WHERE stream NOT IN (FROM grown_streams)
UNION ALL
SELECT contents
FROM (FROM profiles.rows_read WHERE stream IN (FROM grown_streams))
SEMI JOIN rows_now USING (stream, record_id)
