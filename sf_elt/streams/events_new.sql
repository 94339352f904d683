-- The events of a file that the stream does not hold yet. A file that grew brings its old rows again: they are equal in
-- file, line and everything else, and are left out.
CREATE TEMP TABLE new_events AS
WITH
readable AS (
    SELECT
        line,
        occurred_at,
        CAST(content AS JSON) AS event,
        json_merge_patch(
            content,
            '{{"event_id": null, "occurred_at": null, "type": null, "email": null, "anonymous_id": null,
               "url": null, "title": null, "topics": null, "properties": null}}'
        ) AS others
    FROM lines
    WHERE reason IS NULL
),
events AS (
    SELECT
        coalesce(event ->> 'event_id', md5($file || ':' || line || ':' || event::VARCHAR)) AS event_id,
        occurred_at,
        event ->> 'type' AS type,
        event ->> 'email' AS email,
        event ->> 'anonymous_id' AS anonymous_id,
        event ->> 'url' AS url,
        event ->> 'title' AS title,
        CASE
            WHEN json_type(event, '$.topics') = 'ARRAY' THEN TRY_CAST(event -> 'topics' AS VARCHAR[])
            WHEN json_type(event, '$.topics') = 'VARCHAR' THEN [event ->> 'topics']
        END AS topics,
        CASE
            WHEN others = '{{}}' THEN nullif((event -> 'properties')::VARCHAR, 'null')::JSON
            WHEN json_type(event, '$.properties') = 'OBJECT' THEN json_merge_patch(others, (event -> 'properties'))
            WHEN coalesce(json_type(event, '$.properties'), 'NULL') = 'NULL' THEN others
            ELSE json_merge_patch(others, json_object('properties', (event -> 'properties')))
        END AS properties,
        $file AS _file,
        line AS _line,
        $now::TIMESTAMP AS _loaded_at
    FROM readable
)
SELECT events.*
FROM events
WHERE NOT EXISTS (
    SELECT 1
    FROM {stream} AS standing
    WHERE
        standing._file = events._file
        AND standing._line = events._line
        AND standing.event_id = events.event_id
        AND standing.occurred_at = events.occurred_at
        AND standing.type IS NOT DISTINCT FROM events.type
        AND standing.email IS NOT DISTINCT FROM events.email
        AND standing.anonymous_id IS NOT DISTINCT FROM events.anonymous_id
        AND standing.url IS NOT DISTINCT FROM events.url
        AND standing.title IS NOT DISTINCT FROM events.title
        AND standing.topics IS NOT DISTINCT FROM events.topics
        AND standing.properties IS NOT DISTINCT FROM events.properties
)
