-- Links that would have brought something to the profile: of its own rows, or of its own identifiers.
SELECT stream, record_id, kind, value, rule, detail
FROM profiles.refused_links
WHERE
    (stream, record_id) IN (SELECT (stream, record_id) FROM profile_links)
    OR (kind, value) IN (SELECT (kind, value) FROM profile_links)
ORDER BY ALL
