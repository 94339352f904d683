-- Lines that cannot be events, or whose event_id is another event's, and that are not waiting already.
CREATE OR REPLACE TEMP TABLE new_set_aside AS
WITH refused AS (
    SELECT file, line, row_number, reason, content FROM lines WHERE reason IS NOT NULL
    UNION ALL
    SELECT
        lines.file, lines.line, lines.row_number, 'another event has this event_id: ' || judged.event_id, lines.content
    FROM judged_events AS judged
    JOIN lines ON lines.file = judged._file AND lines.line = judged._line
    WHERE judged.verdict = 'conflict'
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
