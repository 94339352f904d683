-- The rows that make the profile, but those of things that belong to many.
SELECT DISTINCT stream, record_id
FROM profiles.links
WHERE profile_id = $profile_id AND stream IN (SELECT unnest($streams)) AND left(record_id, 3) NOT IN (SELECT unnest($of_many))
