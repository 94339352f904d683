-- The groups that what changed belonged to or belongs to now, and those whose time has come.
CREATE OR REPLACE TEMP TABLE affected_groups AS
SELECT group_name FROM groups_asked SEMI JOIN reached USING (kind, value)
UNION
SELECT profile_id FROM profiles.expiring WHERE expires_at <= $now::TIMESTAMP
