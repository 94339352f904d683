INSERT INTO profiles.expiring (profile_id, expires_at)
SELECT component_profiles.profile_id, min(kept.oldest + to_days(kept.keep_days)) AS expires_at
FROM (
    {kept}
) AS kept
JOIN component_profiles USING (component)
GROUP BY component_profiles.profile_id
