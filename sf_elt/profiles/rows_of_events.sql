-- The distinct events of one stream, as far as the mapping can tell them apart, each with the time of its newest.
CREATE OR REPLACE TEMP TABLE {table} AS
WITH groups AS (
    SELECT
        {record_id} AS record_id,
        CAST(max(occurred_at) AS TIMESTAMP) AS modified_at,
        true AS alive,
        {columns}
    FROM {source}
    GROUP BY {keys}
)

SELECT $offset + row_number() OVER () - 1 AS record, *
FROM groups
