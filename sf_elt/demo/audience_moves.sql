-- Who has entered or left an audience since $since (UTC), and whether the profile itself has changed, or gone, since then.
SELECT DISTINCT
    member.profile_id,
    coalesce(profile.updated_at >= $since, true) AS profile_changed
FROM insight.audience_members AS member
LEFT JOIN profiles.profiles AS profile USING (profile_id)
WHERE greatest(member.entered_at, coalesce(member.left_at, member.entered_at)) >= $since
