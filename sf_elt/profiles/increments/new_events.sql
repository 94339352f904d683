(
    FROM {rows}
    WHERE _loaded_at IN (SELECT loaded_at FROM new_batches WHERE stream = {stream})
)
