SELECT
    {stream}::USMALLINT AS stream_number,
    record,
    record_id,
    alive,
    {kind}::USMALLINT AS kind_number,
    {value} AS value,
    {via} AS via
FROM {table}
WHERE {kept}
