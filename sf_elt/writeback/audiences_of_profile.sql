-- The audiences that each profile is in now; a profile that has left them all has an empty list.
-- $audiences: the audiences of the export, all where the list is empty.
CREATE OR REPLACE TEMP TABLE audiences_of_profile AS
SELECT
    profile_id,
    coalesce(list_sort(list(DISTINCT audience) FILTER (left_at IS NULL)), []) AS audiences
FROM insight.audience_members
WHERE len($audiences::VARCHAR[]) = 0 OR audience IN (SELECT unnest($audiences::VARCHAR[]))
GROUP BY profile_id;
