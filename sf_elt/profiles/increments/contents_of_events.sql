SELECT
    {stream} AS stream,
    record_id,
    md5_number(concat({stream}, ' ', to_json(groups))) AS contents
FROM (
    {groups}
) AS groups
