INSERT INTO profiles.links (stream, record_id, kind, value, profile_id, via)
SELECT DISTINCT streams.stream, occurrences.record_id, occurrences.kind, occurrences.value, profile_id, occurrences.via
FROM occurrences
JOIN stream_names AS streams USING (stream_number)
LEFT JOIN joined_records USING (record)
JOIN component_profiles ON component_profiles.component = coalesce(joined_records.component, occurrences.record)
WHERE occurrences.rule IS NULL
