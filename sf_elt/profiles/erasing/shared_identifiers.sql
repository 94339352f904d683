-- The identifiers of own_links that somebody else has as well: a guard or an unlink has refused the link to their row,
-- or a profile has it, which a person without one is not part of.
SELECT DISTINCT refused.kind, refused.value
FROM profiles.refused_links AS refused
SEMI JOIN own_links USING (kind, value)
ANTI JOIN own_links AS same ON same.stream = refused.stream AND same.record_id = refused.record_id
SEMI JOIN profiles.links AS other ON other.stream = refused.stream AND other.record_id = refused.record_id
WHERE refused.stream IN (SELECT unnest($streams))
UNION
SELECT kind, value
FROM profiles.identifiers
SEMI JOIN own_links USING (kind, value)
WHERE profile_id IS DISTINCT FROM $profile_id
