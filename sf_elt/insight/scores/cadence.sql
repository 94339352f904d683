-- One row for each profile: when it comes. Days and gaps are explained in docs/scores.md.
CREATE OR REPLACE TEMP TABLE cadence AS
WITH
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
    -- The newest gap may be the end of an absence: alone it counts up to the usual, beside others not at all.
    least(
        greatest(coalesce(median(days_to_next) FILTER (place > 2), least(max(days_to_next), $usual_gap)), 1), 90
    ) AS usual_gap,
    coalesce(
        median(pause) FILTER (place <= least(ceil(active_days / 4), 8) + 1) / 86400e6, $usual_gap
    ) AS current_pause,
    avg(days_to_next) AS mean_gap,
    stddev_pop(days_to_next) AS spread_of_gaps,
    sum(events) FILTER (is_current) AS current_events,
    max(first_session) FILTER (is_current) / 86400e6 AS current_days,
    sum(events) FILTER (NOT is_current) AS earlier_events,
    (max(first_session) - max(first_session) FILTER (is_current)) / 86400e6 AS earlier_days
FROM periods
GROUP BY person
