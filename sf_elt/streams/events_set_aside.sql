-- Lines that cannot be events and are not waiting already, with their reason.
CREATE TEMP TABLE new_set_aside AS
SELECT
    $stream AS stream,
    $file AS file,
    lines.line,
    lines.reason,
    lines.content,
    $now::TIMESTAMP AS set_aside_at
FROM lines
WHERE
    lines.reason IS NOT NULL
    AND NOT EXISTS (
        SELECT 1
        FROM ops.set_aside AS waiting
        WHERE
            waiting.stream = $stream
            AND waiting.file = $file
            AND waiting.line = lines.line
            AND waiting.content = lines.content
    )
