-- How many were in each audience so many days ago, today (0) included, from its first stay on or for $days; and how many
-- came and went by themselves in the 24 hours before that. What is older than $days counts as of then.
WITH
dated AS (
    SELECT
        name AS audience,
        came,
        went,
        by_themselves,
        greatest(0, epoch($now::TIMESTAMP - happened_at) // 86400)::INTEGER AS days_before
    FROM (
        {moves}
    )
),

changes_by_day AS (
    SELECT
        audience,
        least($days, days_before)::INTEGER AS days_ago,
        sum(came - went) AS change,
        sum(came) FILTER (by_themselves AND days_before <= $days) AS entered,
        sum(went) FILTER (by_themselves AND days_before <= $days) AS gone
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
    coalesce(entered, 0)::BIGINT AS entered,
    coalesce(gone, 0)::BIGINT AS gone
FROM days
LEFT JOIN changes_by_day USING (audience, days_ago)
ORDER BY audience, days_ago DESC
