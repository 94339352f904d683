-- Each record and the smallest record that shares one of its identifiers.
SELECT DISTINCT occurrences.record, shared.record AS first_record
FROM occurrences
JOIN shared_keys AS shared USING (key)
WHERE occurrences.record <> shared.record
