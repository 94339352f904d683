-- The days on which a profile was active, that is on which a session of it began, with the events of those sessions.
-- `age` is how many days of 24 hours ago that was. Ages are rounded differences from the profile's last session, so that
-- somebody who comes every morning, a little earlier or later, has one session a day. What has passed since the last event
-- counts in whole days up to the beginning of today (UTC). So all runs of a day find the same ages of the same events, and
-- an hourly export has nothing to write about people who did nothing. `first_session` and `last_session` are how many
-- microseconds those of the day began before the profile's last session.
CREATE OR REPLACE TEMP TABLE days AS
WITH
last_sessions AS (
    SELECT
        person,
        max(begins) AS last_begins,
        greatest(0, epoch_us(date_trunc('day', $now::TIMESTAMP)) - max(ends)) // 86400000000 AS waited
    FROM sessions
    GROUP BY person
)

SELECT
    person,
    waited + (last_begins - begins + 43200000000) // 86400000000 AS age,
    max(last_begins - begins) AS first_session,
    min(last_begins - begins) AS last_session,
    sum(events)::BIGINT AS events
FROM sessions
JOIN last_sessions USING (person)
GROUP BY person, age
