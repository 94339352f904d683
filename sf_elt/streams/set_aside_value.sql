-- A value of a record that could not be read, as the org sent it; once, however often it is read again. A record
-- that is not in the stream was kept out: it is an erased person's.
INSERT INTO ops.set_aside BY NAME
SELECT
    $stream AS stream,
    $file AS file,
    0 AS line,
    $reason AS reason,
    $content AS content,
    $now::TIMESTAMP AS set_aside_at
WHERE
    NOT {names_erased}
    AND EXISTS (FROM {stream} WHERE "Id" = $record)
    AND NOT EXISTS (
        FROM ops.set_aside AS waiting
        WHERE waiting.stream = $stream AND waiting.file = $file AND waiting.content = $content
    )
