-- The sessions of each profile: when they began and ended, and how many events they had.
CREATE OR REPLACE TEMP TABLE sessions AS
WITH
stepped AS (
    SELECT
        person,
        begins,
        ends,
        events,
        begins - lag(ends) OVER (PARTITION BY person ORDER BY begins) <= $pause::BIGINT AS goes_on
    FROM slots
    JOIN people USING (profile_id)
),

numbered AS (
    SELECT
        *,
        count(*) FILTER (goes_on IS NOT TRUE)
            OVER (PARTITION BY person ORDER BY begins ROWS UNBOUNDED PRECEDING) AS number
    FROM stepped
)

SELECT person, min(begins) AS begins, max(ends) AS ends, sum(events)::BIGINT AS events
FROM numbered
GROUP BY person, number
