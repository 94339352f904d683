DELETE FROM profiles.dormant_links WHERE component IN (FROM affected_groups);

DELETE FROM profiles.refused_links
WHERE
    (kind, value) IN (SELECT (kind, value) FROM affected_identifiers)
    OR (
        (stream, record_id) IN (SELECT (stream, record_id) FROM affected_records)
        AND NOT depends_on_group(rule)
    )
