-- The profile's identifiers that a row of somebody else carries as well: a guard or an unlink has refused that link.
SELECT DISTINCT refused.kind, refused.value
FROM profiles.refused_links AS refused
JOIN profiles.identifiers AS own USING (kind, value)
WHERE
    own.profile_id = $profile_id
    AND refused.stream IN (SELECT unnest($streams))
    AND EXISTS (
        SELECT 1
        FROM profiles.links AS other
        WHERE
            other.stream = refused.stream
            AND other.record_id = refused.record_id
            AND other.profile_id <> $profile_id
    )
    AND NOT EXISTS (
        SELECT 1
        FROM profiles.links AS same
        WHERE
            same.stream = refused.stream
            AND same.record_id = refused.record_id
            AND same.profile_id = $profile_id
    )
