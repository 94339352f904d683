SELECT
    {record_id} AS record_id,
    CAST(max(occurred_at) AS TIMESTAMP) AS modified_at,
    true AS alive,
    {columns}
FROM {source}
GROUP BY {keys}
