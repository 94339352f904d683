-- Links that were refused for what else their profile holds: another day they may not be.
CREATE OR REPLACE TEMP TABLE group_refusals AS
SELECT DISTINCT stream, record_id, kind, value
FROM profiles.refused_links
WHERE depends_on_group(rule)
