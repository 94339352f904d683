-- What one stream's rows say about each component. Most components have one row in a stream, and need no aggregates.
CREATE OR REPLACE TEMP TABLE {table} AS
SELECT
    coalesce(component, record) AS component{ones}
FROM {rows}
LEFT JOIN precedence USING (record)
WHERE alive AND coalesce(rows_in_stream, 1) = 1
UNION ALL
SELECT
    component{manies}
FROM {rows}
JOIN (FROM precedence WHERE rows_in_stream > 1) AS several USING (record)
GROUP BY component
