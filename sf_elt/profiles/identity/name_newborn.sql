-- Gives newborn components an id made from their first identifier, unless that id is taken: by a profile that was split
-- or by an alias. Those are left for the next generation.
INSERT INTO component_profiles
WITH candidates AS (
    SELECT
        component,
        md5(CASE $generation WHEN 0 THEN born_from ELSE concat(born_from, '#', $generation::INTEGER) END) AS profile_id
    FROM newborn
    WHERE component NOT IN (SELECT component FROM component_profiles)
)

SELECT component, profile_id, $now::TIMESTAMP AS created_at
FROM candidates
ANTI JOIN profiles.profiles USING (profile_id)
ANTI JOIN profiles.aliases ON aliases.alias_id = candidates.profile_id
