-- One row for each profile: when it comes. Days and gaps are explained in docs/scores.md.
CREATE OR REPLACE TEMP TABLE cadence AS
WITH
intervals AS (
    SELECT
        person,
        age,
        events,
        age - lag(age) OVER newest_first AS days_to_next,
        row_number() OVER newest_first AS place,
        count(*) OVER (PARTITION BY person) AS active_days
    FROM days
    WINDOW newest_first AS (PARTITION BY person ORDER BY age)
),

-- The current period is the last quarter of the active days, at least one and at most eight.
periods AS (
    SELECT *, place <= least(ceil(active_days / 4), 8) AS is_current
    FROM intervals
)

SELECT
    person,
    any_value(active_days) AS active_days,
    sum(events)::BIGINT AS events,
    max(age) AS first_age,
    min(age) AS last_age,
    least(greatest(coalesce(median(days_to_next), $usual_gap), 1), 90) AS usual_gap,
    coalesce(median(days_to_next) FILTER (place <= least(ceil(active_days / 4), 8) + 1), $usual_gap) AS current_gap,
    avg(days_to_next) AS mean_gap,
    stddev_pop(days_to_next) AS spread_of_gaps,
    sum(events) FILTER (is_current) AS current_events,
    max(age) FILTER (is_current) + 1 AS current_days,
    sum(events) FILTER (NOT is_current) AS earlier_events,
    max(age) - max(age) FILTER (is_current) AS earlier_days
FROM periods
GROUP BY person
