-- The group that each identifier in question was in: a profile, a component that lives in no row, or none but itself.
CREATE OR REPLACE TEMP TABLE groups_asked AS
WITH asked AS (
    FROM reached
    UNION
    SELECT kind, value FROM group_refusals
    UNION
    SELECT kind, value FROM listed_pairs
    UNION
    SELECT other_kind, other_value FROM listed_pairs
),

dormant AS (
    SELECT DISTINCT kind, value, component FROM profiles.dormant_links
)

SELECT
    asked.kind,
    asked.value,
    coalesce(known.profile_id, dormant.component, concat(asked.kind, ':', asked.value)) AS group_name
FROM asked
LEFT JOIN profiles.identifiers AS known USING (kind, value)
LEFT JOIN dormant USING (kind, value)
