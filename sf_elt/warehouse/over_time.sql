-- What came and went in spans of equally many whole days, at most $spans of them, from the first day to today.
WITH
by_day AS (
    SELECT
        name,
        least(happened_at::DATE, $now::TIMESTAMP::DATE) AS day,
        sum(came)::BIGINT AS came,
        sum(went)::BIGINT AS went
    FROM ({moves})
    GROUP BY ALL
),

first_days AS (
    SELECT name, CASE WHEN $together THEN min(min(day)) OVER () ELSE min(day) END AS first_day
    FROM by_day
    GROUP BY name
),

lengths AS (
    SELECT
        name,
        first_day,
        $now::TIMESTAMP::DATE - first_day + 1 AS days,
        ceil(($now::TIMESTAMP::DATE - first_day + 1) / $spans)::BIGINT AS length
    FROM first_days
),

every_span AS (
    SELECT name, first_day, length, unnest(range(ceil(days / length)::BIGINT)) AS span FROM lengths
),

moved AS (
    SELECT name, (day - first_day) // length AS span, sum(came) AS came, sum(went) AS went
    FROM by_day
    JOIN lengths USING (name)
    GROUP BY ALL
)

SELECT
    name,
    first_day + (span * length)::INTEGER AS first_day,
    least(first_day + ((span + 1) * length - 1)::INTEGER, $now::TIMESTAMP::DATE) AS last_day,
    coalesce(came, 0)::BIGINT AS came,
    coalesce(went, 0)::BIGINT AS went,
    (sum(coalesce(came, 0) - coalesce(went, 0)) OVER (PARTITION BY name ORDER BY span))::BIGINT AS standing
FROM every_span
LEFT JOIN moved USING (name, span)
ORDER BY name, span
