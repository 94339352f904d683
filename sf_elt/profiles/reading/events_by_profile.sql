-- The events of one stream with the profile that each belongs to.
CREATE OR REPLACE VIEW {view} AS
WITH links AS (
    SELECT DISTINCT record_id, profile_id
    FROM profiles.links
    WHERE stream = {stream}
)

SELECT links.profile_id, {columns}
FROM {events} AS events
JOIN links ON links.record_id = {record_id}
