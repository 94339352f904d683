SELECT record, component, modified_at, {stream}::USMALLINT AS stream_number
FROM {rows}
JOIN shared USING (record)
WHERE alive
