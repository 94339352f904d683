-- What the rows of the profile say of one user field, the one that was modified last first: the newest $most, or all where
-- that is null, and the one that the merge operator takes first. `count` is how many there are.
WITH said AS (
    SELECT
        record_id,
        modified_at,
        {value} AS value,
        coalesce(precedence.precedence, 0) AS precedence
    FROM {rows}
    JOIN own_records USING (record)
    LEFT JOIN precedence USING (record)
    WHERE alive AND {value} IS NOT NULL
)

SELECT
    record_id,
    modified_at,
    value,
    CAST(value AS VARCHAR) AS text,
    precedence,
    count(*) OVER () AS count
FROM said
QUALIFY
    $most::BIGINT IS NULL
    OR row_number() OVER (ORDER BY precedence DESC) <= $most
    OR row_number() OVER (ORDER BY {taken_first}) = 1
ORDER BY precedence DESC
