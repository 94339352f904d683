-- Each record and the smallest record that shares one of its identifiers: the links of the bare algorithm.
CREATE TEMP TABLE links AS
WITH keyed AS MATERIALIZED (
    SELECT record, md5_number(concat(kind, ':', value)) AS key
    FROM said
),

shared AS (
    SELECT key, min(record) AS first_record
    FROM keyed
    GROUP BY key
    HAVING count(*) > 1
)

SELECT DISTINCT record, first_record
FROM keyed
JOIN shared USING (key)
WHERE record <> first_record
