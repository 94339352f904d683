-- Links and unlinks by hand, and fuzzy links, that came or went since the last build.
CREATE OR REPLACE TEMP TABLE changed_pairs AS
WITH standing AS (
    SELECT kind, value, other_kind, other_value, apart, 'manual link' AS via, NULL AS probability
    FROM profiles.manual_links
    UNION ALL
    SELECT kind, value, other_kind, other_value, false AS apart, 'fuzzy' AS via, probability
    FROM profiles.fuzzy_links
)

(
    SELECT kind, value, other_kind, other_value, apart, via, probability FROM listed_pairs
    EXCEPT
    FROM standing
)
UNION
(
    FROM standing
    EXCEPT
    SELECT kind, value, other_kind, other_value, apart, via, probability FROM listed_pairs
)
