-- What each row of the profile says of one user field, the one that was modified last first.
SELECT
    record_id,
    modified_at,
    {value} AS value,
    CAST({value} AS VARCHAR) AS text,
    coalesce(precedence.precedence, 0) AS precedence
FROM {rows}
JOIN own_records USING (record)
LEFT JOIN precedence USING (record)
WHERE alive AND {value} IS NOT NULL
ORDER BY precedence DESC
