-- The five scores of every profile with behaviour. Formulas in words: docs/scores.md.
-- Ages are whole days of 24 hours, so that the current day is never a part of one. They are counted back from now, less
-- what is left over of a day since the profile's last event: without new events its scores change once in 24 hours, not
-- by the minute, and an hourly export has nothing to write about people who did nothing.
CREATE OR REPLACE TEMP TABLE computed_scores AS
WITH
stepped AS (
    SELECT
        profile_id,
        occurred_at,
        coalesce(
            occurred_at - lag(occurred_at) OVER (PARTITION BY profile_id ORDER BY occurred_at) > $session_gap::INTERVAL,
            true
        ) AS opens_session
    FROM behaviour
),

numbered AS (
    SELECT
        profile_id,
        occurred_at,
        opens_session,
        sum(opens_session::BIGINT)
            OVER (PARTITION BY profile_id ORDER BY occurred_at RANGE UNBOUNDED PRECEDING) AS session
    FROM stepped
),

sessions AS (
    SELECT profile_id, session, count(*) AS events
    FROM numbered
    GROUP BY profile_id, session
),

depth AS (
    SELECT profile_id, count(*) AS sessions, exp(avg(ln(events))) AS typical_session
    FROM sessions
    GROUP BY profile_id
),

last_events AS (
    SELECT profile_id, max(epoch_us(occurred_at)) AS last_at
    FROM behaviour
    GROUP BY profile_id
),

-- The days on which a profile was active: age 0 is the last 24 hours.
days AS (
    SELECT
        profile_id,
        (epoch_us($now::TIMESTAMP) - last_at) // 86400000000 + (last_at - epoch_us(occurred_at)) // 86400000000 AS age,
        count(*) AS events
    FROM behaviour
    JOIN last_events USING (profile_id)
    GROUP BY ALL
),

intervals AS (
    SELECT
        profile_id,
        age,
        events,
        age - lag(age) OVER newest_first AS days_to_next,
        row_number() OVER newest_first AS place,
        count(*) OVER (PARTITION BY profile_id) AS active_days
    FROM days
    WINDOW newest_first AS (PARTITION BY profile_id ORDER BY age)
),

-- The current period is the last quarter of the active days, at least one and at most eight.
periods AS (
    SELECT *, place <= least(ceil(active_days / 4), 8) AS is_current
    FROM intervals
),

cadence AS (
    SELECT
        profile_id,
        any_value(active_days) AS active_days,
        sum(events) AS events,
        max(age) + 1 AS observed_days,
        least(greatest(coalesce(median(days_to_next), $usual_gap), 1), 90) AS usual_gap,
        coalesce(median(days_to_next) FILTER (place <= least(ceil(active_days / 4), 8) + 1), $usual_gap) AS current_gap,
        min(age) + 1 AS open_days,
        sum(events) FILTER (is_current) AS current_events,
        max(age) FILTER (is_current) + 1 AS current_days,
        sum(events) FILTER (NOT is_current) AS earlier_events,
        max(age) - max(age) FILTER (is_current) AS earlier_days
    FROM periods
    GROUP BY profile_id
),

-- How much of its usual presence a profile has kept: each active day counts less as it ages, by its own usual gap.
presence AS (
    SELECT
        profile_id,
        sum(exp(-greatest(0, age - usual_gap) / (3 * usual_gap))) AS kept,
        any_value((1 - exp(-cadence.active_days / 3.0)) / (1 - exp(-1 / 3.0))) AS usual
    FROM days
    JOIN cadence USING (profile_id)
    GROUP BY profile_id
),

rates AS (
    SELECT
        profile_id,
        current_events / (current_days + greatest(0, current_gap - open_days)) AS current_rate,
        coalesce(earlier_events / earlier_days, events / $usual_gap) AS earlier_rate
    FROM cadence
),

measures AS (
    SELECT
        cadence.profile_id,
        cadence.events AS quantity,
        depth.sessions / greatest(cadence.observed_days, 28) AS frequency,
        least(1, presence.kept / presence.usual) AS recency,
        depth.typical_session AS intensity,
        rates.current_rate / (rates.current_rate + rates.earlier_rate) AS momentum
    FROM cadence
    JOIN depth USING (profile_id)
    JOIN presence USING (profile_id)
    JOIN rates USING (profile_id)
)

SELECT
    profile_id,
    round(100 * share_below(quantity_rank, users))::UTINYINT AS quantity,
    round(100 * share_below(frequency_rank, users))::UTINYINT AS frequency,
    round(100 * recency)::UTINYINT AS recency,
    round(100 * share_below(intensity_rank, users))::UTINYINT AS intensity,
    round(100 * momentum)::UTINYINT AS momentum
FROM (
    SELECT
        profile_id,
        recency,
        momentum,
        rank() OVER (ORDER BY quantity) AS quantity_rank,
        rank() OVER (ORDER BY frequency) AS frequency_rank,
        rank() OVER (ORDER BY round(intensity, 9)) AS intensity_rank,
        count(*) OVER () AS users
    FROM measures
)
