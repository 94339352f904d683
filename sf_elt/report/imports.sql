-- Each stream with its last reading and its usual pace: the median of the times between its latest readings.
WITH
readings AS (
    SELECT stream, max(completed_at) AS read_at, max(newest) AS newest
    FROM ops.windows
    GROUP BY stream, run_id
    UNION ALL
    SELECT stream, max(read_at), NULL
    FROM ops.event_files
    GROUP BY stream, coalesce(run_id, read_at::VARCHAR)
),

paced AS (
    SELECT
        *,
        row_number() OVER (PARTITION BY stream ORDER BY read_at DESC) AS place,
        epoch(read_at - lag(read_at) OVER (PARTITION BY stream ORDER BY read_at)) AS since_the_one_before
    FROM readings
)

SELECT
    stream,
    max(read_at) AS read_at,
    max(newest) AS newest,
    median(since_the_one_before) FILTER (place <= $readings) AS usual_seconds
FROM paced
GROUP BY stream
ORDER BY stream
