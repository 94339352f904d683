-- The members of an audience, each with the values of one user field: the profile's own, and all that identify it.
WITH

identified AS (
    SELECT profile_id, list(value ORDER BY first_seen, value) AS held
    FROM profiles.identifiers
    WHERE kind = $field
    GROUP BY profile_id
)

SELECT list_concat({own}, coalesce(identified.held, [])) AS known_by
FROM insight.audience_members AS member
JOIN profiles.profiles AS profile USING (profile_id)
LEFT JOIN identified USING (profile_id)
WHERE member.audience = $audience AND member.left_at IS NULL
ORDER BY member.profile_id
