-- The audiences that each profile is in now; a profile that has left them all has an empty list. The stays of a profile
-- that was merged are the surviving one's, also before the audiences are evaluated again.
-- $audiences: the audiences of the export, all where the list is empty.
CREATE OR REPLACE TEMP TABLE audiences_of_profile AS
SELECT
    coalesce(aliases.profile_id, stays.profile_id) AS profile_id,
    coalesce(list_sort(list(DISTINCT audience) FILTER (left_at IS NULL)), []) AS audiences
FROM insight.audience_members AS stays
LEFT JOIN profiles.aliases AS aliases ON aliases.alias_id = stays.profile_id
WHERE len($audiences::VARCHAR[]) = 0 OR audience IN (SELECT unnest($audiences::VARCHAR[]))
GROUP BY 1;
