-- The values that occurred last, at one time those that are first in the order of their characters.
CREATE OR REPLACE TEMP TABLE {table} AS
WITH kept AS (
    SELECT component, value, latest
    FROM {values}
    WHERE $since IS NULL OR latest > $since::TIMESTAMP
    QUALIFY
        $capacity IS NULL
        OR row_number() OVER (PARTITION BY component ORDER BY latest DESC NULLS LAST, value) <= $capacity::BIGINT
)

SELECT component, list(value ORDER BY value) AS {field}, min(latest) AS oldest
FROM kept
GROUP BY component
