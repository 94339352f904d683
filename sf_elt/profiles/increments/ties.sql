-- Which groups are judged together: what a refused link would join, and the two of a pair by hand.
CREATE OR REPLACE TEMP TABLE ties AS
WITH refused AS (
    SELECT group_refusals.stream, group_refusals.record_id, groups_asked.group_name
    FROM group_refusals
    JOIN groups_asked USING (kind, value)
),

tied AS (
    SELECT refused.group_name, links.profile_id AS other
    FROM refused
    JOIN profiles.links AS links USING (stream, record_id)
    UNION
    SELECT refused.group_name, dormant.component
    FROM refused
    JOIN profiles.dormant_links AS dormant USING (stream, record_id)
    UNION
    SELECT one.group_name, another.group_name
    FROM listed_pairs AS pair
    JOIN groups_asked AS one USING (kind, value)
    JOIN groups_asked AS another ON another.kind = pair.other_kind AND another.value = pair.other_value
)

SELECT group_name, other FROM tied WHERE group_name <> other
UNION
SELECT other, group_name FROM tied WHERE group_name <> other
