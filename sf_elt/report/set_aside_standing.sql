-- How many lines of a stream's files, and values of its rows, could not be read.
WITH
counted AS (
    SELECT stream, count(*) AS of_all, count(*) FILTER (set_aside_at > $week_ago::TIMESTAMP) AS lately
    FROM ops.set_aside
    GROUP BY stream
    UNION ALL
    SELECT stream, sum(rows), sum(rows)       -- as of the last build of profiles
    FROM profiles.set_aside
    GROUP BY stream
)

SELECT stream, sum(of_all)::BIGINT AS of_all, sum(lately)::BIGINT AS lately
FROM counted
GROUP BY stream
ORDER BY stream
