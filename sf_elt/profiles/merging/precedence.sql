-- The rows of the components that have several, and their order: by time of modification, and at one time the first
-- stream by name wins, then the smallest record id, then the smallest identifiers. The hash only settles the order of two
-- rows that claim to be the same version of the same record. Few rows of a component have one time: no others are read
-- for more than that.
CREATE OR REPLACE TEMP TABLE precedence AS
WITH shared AS (
    SELECT record, component FROM joined_records
    UNION ALL
    SELECT DISTINCT component, component FROM joined_records
),

shared_rows AS MATERIALIZED (
    {rows}
),

tied AS (
    SELECT component, modified_at
    FROM shared_rows
    GROUP BY component, modified_at
    HAVING count(*) > 1
),

tied_rows AS MATERIALIZED (
    SELECT record, component, modified_at, stream_number
    FROM shared_rows
    SEMI JOIN tied
        ON tied.component = shared_rows.component AND tied.modified_at IS NOT DISTINCT FROM shared_rows.modified_at
),

contents AS (
    {contents}
),

ranked AS (
    SELECT
        record,
        row_number() OVER (
            PARTITION BY component, modified_at
            ORDER BY stream_number DESC, record_id DESC, identifiers DESC, contents DESC
        ) AS place
    FROM tied_rows
    JOIN contents USING (record)
)

SELECT
    record,
    component,
    count(*) OVER (PARTITION BY component, stream_number) AS rows_in_stream,
    row_number() OVER (PARTITION BY component ORDER BY modified_at NULLS FIRST, place) AS precedence
FROM shared_rows
LEFT JOIN ranked USING (record)
