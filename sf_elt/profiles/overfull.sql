-- The links of all components that hold more identifiers of a kind than a profile may, those that few rows share first:
-- a record's own Id, then merges and conversions, then identifiers by how many rows carry them.
WITH overfull AS (
    SELECT DISTINCT component
    FROM (
        SELECT component, kind, count(*) AS held
        FROM found_identifiers
        GROUP BY component, kind
    )
    JOIN kinds USING (kind)
    WHERE held > maximum
),

links AS (
    SELECT
        occurrences.*,
        count(DISTINCT record) OVER (PARTITION BY key) AS carried_by
    FROM occurrences
    LEFT JOIN joined_records USING (record)
    WHERE rule IS NULL AND coalesce(component, record) IN (FROM overfull)
)

SELECT record, kind_number, key::VARCHAR AS key
FROM links
ORDER BY
    value IS DISTINCT FROM record_id,
    via = 'identifier',
    carried_by,
    kind,
    value,
    stream_number,
    record_id,
    via,
    key
