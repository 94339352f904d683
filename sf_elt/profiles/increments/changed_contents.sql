-- Contents that only the streams have now, or only the last build has read. Under null, how many pairs of equal ones met.
CREATE OR REPLACE TEMP TABLE changed_contents AS
SELECT
    CASE WHEN now.contents IS NULL OR before.contents IS NULL THEN coalesce(now.contents, before.contents) END
        AS contents,
    now.contents IS NOT NULL AS is_now,
    count(*) AS rows
FROM rows_now AS now
FULL JOIN rows_before AS before USING (contents)
GROUP BY ALL
