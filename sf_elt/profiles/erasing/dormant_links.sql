-- The same of somebody without a profile, for the org has deleted all of their records: the rows stand, and say so.
CREATE OR REPLACE TEMP TABLE own_links AS
WITH written AS (
    SELECT DISTINCT unnest([$asked, clean_email($asked), clean_id18($asked)]) AS value
)

SELECT DISTINCT stream, record_id, kind, value, component
FROM profiles.dormant_links
WHERE component IN (SELECT component FROM profiles.dormant_links JOIN written USING (value))
