-- How many components the records of the view found (record_id, component) are in, and a sum that no other division of
-- the same records has.
WITH named AS (
    SELECT record_id, min(record_id) OVER (PARTITION BY component) AS first_id
    FROM found
)

SELECT count(DISTINCT first_id), sum(md5_number_lower(record_id || '>' || first_id))::VARCHAR
FROM named
