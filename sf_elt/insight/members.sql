INSERT INTO {table}
SELECT $audience, profile_id
FROM subjects
WHERE {condition}
