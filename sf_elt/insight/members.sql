-- Adds the members of one audience; those of the audiences that it refers to are in the table already.
INSERT INTO {table}
SELECT $audience, profile_id
FROM subjects
LEFT JOIN (
    SELECT profile_id, list(audience) AS "in audiences"
    FROM {table}
    WHERE list_contains($referred::VARCHAR[], audience)
    GROUP BY profile_id
) USING (profile_id)
WHERE {condition}
