SELECT
    {stream} AS stream_number,
    record,
    record_id,
    alive,
    {kind} AS kind_number,
    {value} AS value,
    {via} AS via
FROM {table}
WHERE {kept}
