-- Each topic with its usual spelling, and how many visits of pages about it there are.
CREATE OR REPLACE TEMP TABLE found_topics AS
WITH
spellings AS (
    SELECT key, spelling, sum(visits) AS visits
    FROM list_topics
    WHERE NOT is_malformed
    GROUP BY key, spelling
),

visited AS (
    SELECT key, sum(visits)::BIGINT AS visits
    FROM (SELECT DISTINCT topics, visits, key FROM list_topics WHERE NOT is_malformed)
    GROUP BY key
)

SELECT key, visited.visits, first(spelling ORDER BY spellings.visits DESC, spelling) AS topic
FROM spellings
JOIN visited USING (key)
GROUP BY key, visited.visits
