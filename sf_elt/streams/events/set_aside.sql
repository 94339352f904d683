-- Lines that cannot be events, or whose event_id is another event's, and that are not waiting already.
WITH
reasons AS (
    SELECT file, line, reason FROM lines WHERE reason IS NOT NULL
    UNION ALL
    SELECT _file, _line, 'another event has this event_id: ' || event_id
    FROM judged_events
    WHERE verdict = 'conflict'
),
refused AS (
    SELECT file, line, row_number, reason, coalesce(content, event) AS content
    FROM reasons
    JOIN lines_read USING (file, line)
)
SELECT $stream AS stream, file, line, row_number, reason, content, $now::TIMESTAMP AS set_aside_at
FROM refused
WHERE NOT EXISTS (
    SELECT 1
    FROM ops.set_aside AS waiting
    WHERE
        waiting.stream = $stream
        AND waiting.file = refused.file
        AND waiting.line = refused.line
        AND waiting.content = refused.content
)
