-- Identifiers that several of the compared records carry: those need no fuzzy link.
SELECT number, key::VARCHAR AS key
FROM compared_records
JOIN occurrences USING (record)
QUALIFY count(*) OVER (PARTITION BY key) > 1
