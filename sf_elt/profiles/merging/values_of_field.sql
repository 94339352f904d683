-- Each value of one user field that the rows of a component say: how many rows, and when the last of them was modified.
CREATE OR REPLACE TEMP TABLE {table} AS
WITH said AS (
    {said}
)

SELECT
    coalesce(joined_records.component, said.record) AS component,
    said.value,
    count(*) AS rows,
    max(said.modified_at) AS latest
FROM said
LEFT JOIN joined_records USING (record)
WHERE said.value IS NOT NULL
GROUP BY ALL
