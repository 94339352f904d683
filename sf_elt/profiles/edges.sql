-- Each record and the smallest record that shares one of its identifiers.
WITH shared AS (
    SELECT key, min(record) AS first_record
    FROM occurrences
    WHERE rule IS NULL
    GROUP BY key
    HAVING count(*) > 1
)

SELECT DISTINCT occurrences.record, shared.first_record
FROM occurrences
JOIN shared USING (key)
WHERE occurrences.rule IS NULL AND occurrences.record <> shared.first_record
