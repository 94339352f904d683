SELECT record, modified_at, {value} AS value
FROM {rows}
WHERE alive
