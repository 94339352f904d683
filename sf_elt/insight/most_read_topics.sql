-- The topics with the most people who have read about them, and for how many it is among the three of most interest.
WITH
read_about AS (
    SELECT topic, topic_key(topic) AS key, count(*) AS people, sum(visits)::BIGINT AS visits
    FROM insight.affinities
    GROUP BY topic
),

most_interested AS (
    SELECT key, count(*) AS people
    FROM (SELECT unnest(map_keys(affinities)[:3]) AS key FROM insight.interests)
    GROUP BY key
)

SELECT topic, read_about.people, coalesce(most_interested.people, 0) AS most_interested, visits
FROM read_about
LEFT JOIN most_interested USING (key)
ORDER BY most_interested DESC, read_about.people DESC, topic
LIMIT $most
