-- Each identifier once, with the component that it is in: the smallest record number there.
CREATE OR REPLACE TEMP TABLE found_identifiers AS
WITH distinct_identifiers AS (
    SELECT
        key,
        min(record) AS record,
        any_value(kind) AS kind,
        any_value(value) AS value,
        bool_or(alive) AS alive
    FROM occurrences
    WHERE rule IS NULL
    GROUP BY key
)

SELECT kind, value, alive, coalesce(component, record) AS component
FROM distinct_identifiers
LEFT JOIN joined_records USING (record)
