SELECT
    record,
    modified_at,
    {stream} AS stream_number,
    record_id,
    CAST(row({values}) AS VARCHAR) AS contents
FROM {rows}
JOIN shared USING (record)
WHERE alive
