(
    FROM {rows}
    WHERE {record_id} IN (SELECT record_id FROM {listed} WHERE stream = {stream})
)
