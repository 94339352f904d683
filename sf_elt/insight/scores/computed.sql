-- The scores of every profile with behaviour. Formulas in words: docs/scores.md.
CREATE OR REPLACE TEMP TABLE computed_scores AS
WITH
depth AS (
    SELECT
        person,
        count(*) AS sessions,
        exp(avg(ln(events))) AS typical_session,
        avg(events) AS mean_session,
        CASE WHEN count(*) > 1 THEN stddev_pop(events) END AS spread_of_sessions
    FROM sessions
    GROUP BY person
),

-- What has been lost since each active day, in usual gaps: the time by which the next one was late, and each one after it.
lateness AS (
    SELECT
        person,
        place,
        place = intervals.active_days AS is_first,
        sum(greatest(0, coalesce(days_to_next, age) - $late_after * usual_gap))
            OVER (PARTITION BY person ORDER BY place ROWS UNBOUNDED PRECEDING) / usual_gap AS lost
    FROM intervals
    JOIN cadence USING (person)
),

-- The first active day is all there is; each one after it brings back a part of what was lost by then.
presence AS (
    SELECT
        person,
        sum(exp(-(place - 1 + lost) / 3) * CASE WHEN is_first THEN 1 ELSE 1 - exp(-1 / 3) END) AS recency
    FROM lateness
    GROUP BY person
),

-- A visit that is overdue lowers the current rate: somebody who is long gone has none.
rates AS (
    SELECT
        person,
        current_events / (current_days + greatest(current_pause, last_age))
        * exp(-greatest(0, last_age - current_pause) / (3 * usual_gap)) AS current_rate,
        coalesce(earlier_events / earlier_days, events / (current_days + $usual_gap)) AS earlier_rate
    FROM cadence
),

measures AS (
    SELECT
        cadence.person,
        cadence.events AS quantity,
        depth.sessions / greatest(cadence.first_age + 1, 28) AS frequency,
        presence.recency,
        round(depth.typical_session, 9) AS intensity,
        rates.current_rate / (rates.current_rate + rates.earlier_rate) AS momentum,
        chance_of_return(
            cadence.active_days - 1, cadence.first_age - cadence.last_age, cadence.first_age,
            $horizon, $r, $alpha, $a, $b
        ) AS propensity,
        CASE WHEN cadence.active_days > 2 THEN 1 / (1 + cadence.spread_of_gaps / cadence.mean_gap) END AS consistency,
        1 - pow(2, -(cadence.first_age - cadence.last_age) / $half_mature) AS maturity,
        1 - 1 / (1 + depth.spread_of_sessions / depth.mean_session) AS volatility
    FROM cadence
    JOIN depth USING (person)
    JOIN presence USING (person)
    JOIN rates USING (person)
),

ranked AS (
    SELECT
        * REPLACE (
            share_below(rank() OVER (ORDER BY quantity), count(*) OVER ()) AS quantity,
            share_below(rank() OVER (ORDER BY frequency), count(*) OVER ()) AS frequency,
            share_below(rank() OVER (ORDER BY intensity), count(*) OVER ()) AS intensity
        )
    FROM measures
)

SELECT profile_id, round(100 * COLUMNS(ranked.* EXCLUDE person))::UTINYINT
FROM ranked
JOIN people USING (person)
