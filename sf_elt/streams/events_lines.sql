-- Each line with the reason why it cannot be an event, or null where it can.
CREATE OR REPLACE TEMP TABLE lines AS
WITH
judged AS (
    SELECT file, line, content, is_utf8, is_utf8 AND json_valid(content) AS is_json
    FROM lines_read
),
objects AS (
    SELECT *, CASE WHEN is_json THEN json_type(content) END AS json_type FROM judged
),
timed AS (
    SELECT
        *,
        CASE
            WHEN json_type = 'OBJECT'
                THEN CAST(TRY_CAST(json_extract_string(content, '$.occurred_at') AS TIMESTAMPTZ) AS TIMESTAMP)
        END AS parsed_at
    FROM objects
),
finite AS (
    SELECT *, CASE WHEN isfinite(parsed_at) THEN parsed_at END AS occurred_at FROM timed
)
SELECT
    file,
    line,
    content,
    occurred_at,
    CASE
        WHEN NOT is_utf8 THEN 'not UTF-8'
        WHEN NOT is_json THEN 'not valid JSON'
        WHEN json_type <> 'OBJECT' THEN 'not a JSON object but ' || lower(json_type)
        WHEN json_extract_string(content, '$.occurred_at') IS NULL THEN 'no occurred_at'
        WHEN occurred_at IS NULL
            THEN 'occurred_at is no time: ' || json_extract_string(content, '$.occurred_at')
    END AS reason
FROM finite
