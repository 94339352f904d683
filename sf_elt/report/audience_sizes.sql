-- How many were in each audience so many days ago, today (0) included, from its first stay on or for $days; and how many
-- came and went by themselves in the 24 hours before that. What is older than $days counts as of then.
WITH
changes AS (
    SELECT audience, entered_at AS happened_at, 1 AS change, entered_because = 'person' AS by_themselves
    FROM insight.audience_members
    UNION ALL
    SELECT audience, left_at, -1, left_because <> 'definition'
    FROM insight.audience_members
    WHERE left_at IS NOT NULL
),

dated AS (
    SELECT *, greatest(0, epoch($now::TIMESTAMP - happened_at) // 86400)::INTEGER AS days_before
    FROM changes
    SEMI JOIN insight.audiences USING (audience)
),

changes_by_day AS (
    SELECT
        audience,
        least($days, days_before)::INTEGER AS days_ago,
        sum(change) AS change,
        count(*) FILTER (by_themselves AND change > 0 AND days_before <= $days) AS entered,
        count(*) FILTER (by_themselves AND change < 0 AND days_before <= $days) AS gone
    FROM dated
    GROUP BY ALL
),

days AS (
    SELECT audience, unnest(range(max(days_ago) + 1))::INTEGER AS days_ago
    FROM changes_by_day
    GROUP BY audience
)

SELECT
    audience,
    days_ago,
    (sum(coalesce(change, 0)) OVER (PARTITION BY audience ORDER BY days_ago DESC))::BIGINT AS members,
    coalesce(entered, 0) AS entered,
    coalesce(gone, 0) AS gone
FROM days
LEFT JOIN changes_by_day USING (audience, days_ago)
ORDER BY audience, days_ago DESC
