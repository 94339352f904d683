-- The identifiers of one kind that the rows carry, but those that a guard refuses.
INSERT INTO own_links
SELECT DISTINCT {stream} AS stream, record_id, {kind} AS kind, value
FROM (
    SELECT {record_id} AS record_id, {value} AS value
    FROM {rows}
)
WHERE value IS NOT NULL AND {rule} IS NULL
