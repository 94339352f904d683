-- The rows of one stream that count, numbered. A deleted row has no values; it only stays to link where it was merged.
-- Numbering is done by one thread: all that comes before is not.
CREATE OR REPLACE TEMP TABLE {table} AS
WITH read AS MATERIALIZED (
    SELECT
        {record_id} AS record_id,
        {modified_at} AS modified_at,
        {deleted_at} IS NULL AS alive,
        {columns}
    FROM {source}
    WHERE {deleted_at} IS NULL OR {merged_away}
)

SELECT $offset + row_number() OVER () - 1 AS record, *
FROM read
