-- Who is recorded as a member of what. The stay of a profile that was merged is the surviving one's.
CREATE OR REPLACE TEMP TABLE open_stays AS
SELECT DISTINCT stay.audience, coalesce(aliases.profile_id, stay.profile_id) AS profile_id
FROM insight.audience_members AS stay
LEFT JOIN profiles.aliases AS aliases ON aliases.alias_id = stay.profile_id
WHERE stay.left_at IS NULL
