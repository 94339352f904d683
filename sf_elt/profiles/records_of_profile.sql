(
    FROM {rows}
    WHERE {record_id} IN (SELECT record_id FROM profile_links WHERE stream = {stream})
)
