INSERT INTO profiles.refused_links (stream, record_id, kind, value, rule, detail)
SELECT DISTINCT streams.stream, record_id, kind, value, rule, detail
FROM refused_occurrences
JOIN stream_names AS streams USING (stream_number)
WHERE rule IS NOT NULL
