-- The order of the rows that make one profile, where there are several: by time of modification, and at one time the
-- first stream by name wins, then the smallest record id, then the smallest identifiers. The hash only settles the order
-- of two rows that claim to be the same version of the same record.
CREATE OR REPLACE TEMP TABLE precedence AS
WITH shared AS (
    SELECT record, component FROM joined_records
    UNION ALL
    SELECT DISTINCT component, component FROM joined_records
),

shared_rows AS (
    {rows}
)

SELECT
    record,
    count(*) OVER (PARTITION BY component, stream_number) AS rows_in_stream,
    row_number() OVER (
        PARTITION BY component
        ORDER BY modified_at NULLS FIRST, stream_number DESC, record_id DESC, identifiers DESC, contents DESC
    ) AS precedence
FROM shared_rows
