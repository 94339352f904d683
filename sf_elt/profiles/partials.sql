-- What one stream's rows say about each component.
CREATE OR REPLACE TEMP TABLE {table} AS
WITH placed AS (
    SELECT
        each.*,
        coalesce(joined_records.component, each.record) AS component,
        coalesce(precedence.precedence, 0) AS precedence
    FROM {rows} AS each
    LEFT JOIN joined_records USING (record)
    LEFT JOIN precedence USING (record)
    WHERE each.alive
)

SELECT
    component,
    {aggregates}
FROM placed
SEMI JOIN component_profiles USING (component)
GROUP BY component
