-- Each list's topics, as they are written and by their key. Without any letter, digit or sign, as JSON that is no text, or
-- longer than a name is, a topic is malformed.
CREATE OR REPLACE TEMP TABLE list_topics AS
WITH
lists AS (
    SELECT topics, sum(visits)::BIGINT AS visits
    FROM list_visits
    GROUP BY topics
),

mentions AS (
    SELECT topics, visits, unnest(topics) AS said
    FROM lists
)

SELECT
    topics,
    visits,
    topic_spelling(said) AS spelling,
    topic_key(said) AS key,
    NOT coalesce(
        regexp_matches(spelling, '[\p{L}\p{N}\p{S}]')
        AND length(spelling) <= $longest
        AND NOT (regexp_matches(spelling, '^[\[{]') AND json_valid(spelling)),
        false
    ) AS is_malformed
FROM mentions
