-- The sessions of each profile up to now: when they began and how many events they had. Times are microseconds since
-- 1970.
-- The events are read once and are never sorted: two events in one slot, which is no longer than the pause that ends a
-- session, belong to one session. Only the slots, a fraction of the events, are put in order.
CREATE OR REPLACE TEMP TABLE sessions AS
WITH
slots AS (
    SELECT
        profile_id,
        min(epoch_us(occurred_at)) AS begins,
        max(epoch_us(occurred_at)) AS ends,
        count(*) AS events
    FROM (
        {events}
    )
    WHERE occurred_at <= $now::TIMESTAMP
    GROUP BY profile_id, epoch_us(occurred_at) // $pause::BIGINT
),

stepped AS (
    SELECT *, begins - lag(ends) OVER (PARTITION BY profile_id ORDER BY begins) <= $pause::BIGINT AS goes_on
    FROM slots
),

numbered AS (
    SELECT
        *,
        count(*) FILTER (goes_on IS NOT TRUE)
            OVER (PARTITION BY profile_id ORDER BY begins ROWS UNBOUNDED PRECEDING) AS number
    FROM stepped
)

SELECT profile_id, min(begins) AS begins, max(ends) AS ends, sum(events)::BIGINT AS events
FROM numbered
GROUP BY profile_id, number
