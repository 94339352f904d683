-- What one stream's rows say about each component. Most components have one row in a stream, and need no aggregates.
CREATE OR REPLACE TEMP TABLE {table} AS
WITH placed AS NOT MATERIALIZED (
    SELECT
        each.*,
        coalesce(joined_records.component, each.record) AS component,
        coalesce(precedence.precedence, 0) AS precedence,
        coalesce(precedence.rows_in_stream, 1) AS rows_in_stream
    FROM {rows} AS each
    LEFT JOIN joined_records USING (record)
    LEFT JOIN precedence USING (record)
    WHERE each.alive
)

SELECT
    component{ones}
FROM placed
WHERE rows_in_stream = 1
UNION ALL
SELECT
    component{manies}
FROM placed
WHERE rows_in_stream > 1
GROUP BY component
