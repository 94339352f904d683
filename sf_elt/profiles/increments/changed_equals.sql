-- The same where several rows are equal: then a change may be that there are more or fewer of them.
CREATE OR REPLACE TEMP TABLE changed_contents AS
SELECT contents
FROM (
    SELECT contents, 1 AS times FROM rows_now
    UNION ALL
    SELECT contents, -1 AS times FROM rows_before
)
GROUP BY contents
HAVING sum(times) <> 0
