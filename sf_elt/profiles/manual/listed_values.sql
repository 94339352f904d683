-- The identifiers of the lists of links and unlinks, cleaned as those of rows are, each with the guard that refuses it.
WITH cleaned AS (
    SELECT
        number,
        listed.kind,
        CASE listed.kind
            {cleaned}
        END AS value
    FROM listed
)

SELECT
    cleaned.value,
    {rule} AS rule
FROM cleaned
JOIN kinds USING (kind)
ORDER BY number
