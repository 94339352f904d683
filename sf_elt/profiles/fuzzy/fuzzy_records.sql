-- The records that are compared, each once, with the identifier by which it is known: its own Id, or else its first one.
CREATE OR REPLACE TEMP TABLE compared_records AS
WITH known AS (
    SELECT record, kind, value
    FROM occurrences
    JOIN kinds USING (kind_number)
    WHERE via = 'identifier'
    QUALIFY
        row_number() OVER (
            PARTITION BY record
            ORDER BY value IS DISTINCT FROM record_id, kind_number, value
        ) = 1
),

read AS (
    {rows}
),

distinct_records AS (
    SELECT read.*, known.kind, known.value
    FROM read
    JOIN known USING (record)
    QUALIFY row_number() OVER (PARTITION BY stream, record_id ORDER BY kind, value, {fields}, record) = 1
)

SELECT row_number() OVER (ORDER BY stream, record_id) AS number, *
FROM distinct_records
