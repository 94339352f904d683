-- The records of which the streams say something else than the last build read: new, changed, gone, or another number of
-- equal rows.
CREATE OR REPLACE TEMP TABLE changed_rows AS
WITH changed AS (
    SELECT contents
    FROM (
        SELECT contents, 1 AS times FROM rows_now
        UNION ALL
        SELECT contents, -1 AS times FROM profiles.rows_read
    )
    GROUP BY contents
    HAVING sum(times) <> 0
)

SELECT stream, record_id FROM rows_now WHERE contents IN (FROM changed)
UNION
SELECT stream, record_id FROM profiles.rows_read WHERE contents IN (FROM changed)
