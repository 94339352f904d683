SELECT record, {stream} AS stream, record_id, {columns}
FROM {table}
WHERE alive
