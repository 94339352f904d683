-- Who visited pages with which list of topics: few lists are many pages, so what follows works on few rows.
-- A visit weighs 1 at the beginning of today (UTC), half as much for each half-life before it, and a little more after it: all
-- runs of a day weigh alike, and all weights fade alike. 1000 half-lives are as near to nothing as a number gets.
CREATE OR REPLACE TEMP TABLE list_visits AS
SELECT
    profile_id,
    topics,
    count(*) AS visits,
    max(occurred_at) AS last_visit_at,
    sum(pow(2, -least(1000,
        (epoch_us(date_trunc('day', $now::TIMESTAMP)) - epoch_us(occurred_at)) / 86400e6 / $half_life_days
    ))) AS weight
FROM (
    {events}
)
WHERE occurred_at <= $now::TIMESTAMP AND len(topics) > 0
GROUP BY profile_id, topics
