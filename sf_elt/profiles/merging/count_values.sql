-- Each value with how many rows have it.
CREATE OR REPLACE TEMP TABLE {table} AS
SELECT component, map(list(value ORDER BY value), list(rows ORDER BY value)) AS {field}
FROM {values}
GROUP BY component
