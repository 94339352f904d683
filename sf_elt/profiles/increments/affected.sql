-- All identifiers of the affected groups, and the records to be read to make them anew.
CREATE OR REPLACE TEMP TABLE affected_identifiers AS
SELECT kind, value FROM groups_asked WHERE group_name IN (FROM affected_groups)
UNION
SELECT kind, value FROM profiles.identifiers WHERE profile_id IN (FROM affected_groups)
UNION
SELECT kind, value FROM profiles.dormant_links WHERE component IN (FROM affected_groups);

CREATE OR REPLACE TEMP TABLE affected_records AS
FROM changed_rows
UNION
SELECT stream, record_id FROM profiles.links WHERE profile_id IN (FROM affected_groups)
UNION
SELECT stream, record_id FROM profiles.dormant_links WHERE component IN (FROM affected_groups)
