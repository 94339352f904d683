-- What the last build knows of a person: the rows that carry their identifiers.
CREATE OR REPLACE TEMP TABLE own_links AS
SELECT DISTINCT stream, record_id, kind, value FROM profiles.links WHERE profile_id = $profile_id
