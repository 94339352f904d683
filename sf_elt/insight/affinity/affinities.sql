-- The affinity of every profile to every topic that it visited. The formula in words and its reasons: docs/affinity.md.
CREATE OR REPLACE TEMP TABLE computed_affinities AS
WITH
weights AS (
    SELECT
        profile_id,
        key,
        sum(list_visits.visits)::BIGINT AS visits,
        max(last_visit_at) AS last_visit_at,
        sum(weight) AS weight
    FROM list_visits
    JOIN (SELECT DISTINCT topics, key FROM list_topics WHERE NOT is_malformed) USING (topics)
    GROUP BY profile_id, key
),

people AS (
    SELECT count(DISTINCT profile_id) AS people
    FROM weights
),

-- What the others' weights add up to, each counted up to this one: below it (and equal) their own, above it this one.
met AS (
    SELECT
        *,
        sum(weight) OVER upwards - weight
        + weight * (count(*) OVER (PARTITION BY key) - count(*) OVER upwards) AS met_by_others
    FROM weights
    WINDOW upwards AS (PARTITION BY key ORDER BY weight RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
),

distinct_ones AS (
    SELECT
        * EXCLUDE (met_by_others),
        weight / (weight + $half_sure_at) AS evidence,
        $least_distinct + (1 - $least_distinct) * (
            1 - least(1, coalesce(met_by_others / weight / nullif(people - 1, 0), 0))
        ) AS distinction
    FROM met
    CROSS JOIN people
),

shares AS (
    SELECT *, weight * distinction / sum(weight * distinction) OVER (PARTITION BY profile_id) AS share
    FROM distinct_ones
)

SELECT
    profile_id,
    key,
    topic,
    round(evidence * distinction * ($least_share + (1 - $least_share) * share), 6) AS affinity,
    shares.visits,
    last_visit_at
FROM shares
JOIN found_topics USING (key)
WHERE affinity >= $faded_below AND shares.visits >= $minimum_visits
