-- The profiles that are new or whose row differs from the one that stands.
CREATE OR REPLACE TEMP TABLE changed_profiles AS
SELECT built.profile_id, standing.profile_id IS NULL AS is_new
FROM built_profiles AS built
LEFT JOIN (FROM profiles.profiles WHERE {affected}) AS standing USING (profile_id)
WHERE standing.profile_id IS NULL OR {differs}
