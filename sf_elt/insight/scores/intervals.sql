-- The active days of each profile in order, `place` 1 being the newest, and how long after each the next one was: in days
-- by their ages, and as the pause between the last session of the one and the first of the other, in microseconds.
CREATE OR REPLACE TEMP TABLE intervals AS
SELECT
    person,
    age,
    first_session,
    events,
    age - lag(age) OVER newest_first AS days_to_next,
    last_session - lag(first_session) OVER newest_first AS pause,
    row_number() OVER newest_first AS place,
    count(*) OVER (PARTITION BY person) AS active_days
FROM days
WINDOW newest_first AS (PARTITION BY person ORDER BY age)
