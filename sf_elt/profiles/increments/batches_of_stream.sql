SELECT
    {stream} AS stream,
    CAST(_loaded_at AS TIMESTAMP) AS loaded_at,
    count(*) AS rows,
    sum(hash({columns}))::UHUGEINT AS checksum
FROM {source}
GROUP BY _loaded_at
