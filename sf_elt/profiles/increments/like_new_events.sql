(
    FROM {rows} AS event
    SEMI JOIN (SELECT DISTINCT {keys} FROM {new_events}) AS fresh ON {same}
)
