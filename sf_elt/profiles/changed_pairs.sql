-- Links and unlinks by hand that came or went since the last build.
CREATE OR REPLACE TEMP TABLE changed_pairs AS
(
    SELECT kind, value, other_kind, other_value, apart FROM listed_pairs
    EXCEPT
    SELECT kind, value, other_kind, other_value, apart FROM profiles.manual_links
)
UNION
(
    SELECT kind, value, other_kind, other_value, apart FROM profiles.manual_links
    EXCEPT
    SELECT kind, value, other_kind, other_value, apart FROM listed_pairs
)
