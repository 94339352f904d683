-- Each parsed event with what it is to the stream: 'new', or where there is an event of this event_id already, in the
-- stream or in an earlier line,
--     known     the very line, read again because its file has grown
--     repeated  the same event in another line
--     conflict  another event
WITH
standing AS (
    FROM {stream} SEMI JOIN parsed_events USING (event_id)
),
shared_ids AS (
    SELECT event_id FROM standing
    UNION
    SELECT event_id FROM parsed_events GROUP BY event_id HAVING count(*) > 1
),
versions AS (
    SELECT *, true AS stands FROM standing
    UNION ALL BY NAME
    SELECT *, false AS stands FROM parsed_events SEMI JOIN shared_ids USING (event_id)
),
contents AS (
    SELECT
        *,
        struct_pack(occurred_at, type, email, anonymous_id, url, title, topics, said := properties::VARCHAR) AS content
    FROM versions
),
compared AS (
    SELECT
        *,
        row_number() OVER by_age AS place,
        content IS NOT DISTINCT FROM first_value(content) OVER by_age AS is_equal,
        (_file, _line) = first_value((_file, _line)) OVER by_age AS is_same_line
    FROM contents
    WINDOW by_age AS (PARTITION BY event_id ORDER BY stands DESC, _file, _line)
)
SELECT *, 'new' AS verdict FROM parsed_events ANTI JOIN shared_ids USING (event_id)
UNION ALL BY NAME
SELECT
    * EXCLUDE (stands, content, place, is_equal, is_same_line),
    CASE
        WHEN place = 1 THEN 'new'
        WHEN NOT is_equal THEN 'conflict'
        WHEN is_same_line THEN 'known'
        ELSE 'repeated'
    END AS verdict
FROM compared
WHERE NOT stands
