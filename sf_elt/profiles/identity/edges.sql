-- Each record and the smallest record that shares one of its identifiers.
SELECT DISTINCT occurrences.record, shared.record AS first_record
FROM occurrences
JOIN (FROM keyed_identifiers WHERE is_shared) AS shared USING (key)
WHERE occurrences.rule IS NULL AND occurrences.record <> shared.record
