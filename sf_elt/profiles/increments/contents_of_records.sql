SELECT
    {stream} AS stream,
    {record_id} AS record_id,
    md5_number(concat({stream}, ' ', hash({numbers}), ' ', {texts})) AS contents
FROM {source}
WHERE {counts}
