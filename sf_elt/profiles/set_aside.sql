SELECT {counts}
FROM {table}
WHERE alive
