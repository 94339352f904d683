INSERT INTO profiles.identifiers (kind, value, profile_id, first_seen)
SELECT kind, value, component_profiles.profile_id, coalesce(seen.first_seen, $now::TIMESTAMP)
FROM found_identifiers
JOIN component_profiles USING (component)
LEFT JOIN known_identifiers AS seen USING (kind, value)
