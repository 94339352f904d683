-- Marks what vanished as deleted when it was noticed. A read that began before that brings no such row back; a later
-- one that finds the record does (merge.sql: the same version, read later, and not deleted any more).
UPDATE {stream}
SET _deleted_at = $noticed_at, _loaded_at = $began
WHERE "Id" IN (FROM vanishing)
