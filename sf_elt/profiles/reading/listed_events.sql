(
    FROM (
        FROM {rows} AS event
        SEMI JOIN (
            SELECT {texts_of_id}
            FROM {listed}
            WHERE stream = {stream}
        ) AS listed ON {same}
    )
    WHERE {record_id} IN (SELECT record_id FROM {listed} WHERE stream = {stream})
)
