SELECT
    record,
    component,
    modified_at,
    {stream} AS stream_number,
    record_id,
    {identifiers} AS identifiers,
    hash({values}) AS contents
FROM {rows}
JOIN shared USING (record)
WHERE alive
