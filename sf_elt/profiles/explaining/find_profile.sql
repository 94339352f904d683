-- The profiles that an identifier, a profile's id or an id of former times leads to.
WITH written AS (
    SELECT DISTINCT unnest([$asked, clean_email($asked), clean_id18($asked)]) AS value
)

SELECT profile_id FROM profiles.identifiers WHERE value IN (SELECT value FROM written)
UNION
SELECT profile_id FROM profiles.aliases WHERE alias_id IN (SELECT value FROM written)
UNION
SELECT profile_id FROM profiles.profiles WHERE profile_id IN (SELECT value FROM written)
ORDER BY profile_id
