-- The lines that can be events, as rows. Without an event_id of its own a line is told apart by file, line and text.
CREATE OR REPLACE TEMP TABLE parsed_events AS
WITH readable AS (
    SELECT
        file,
        line,
        occurred_at,
        CAST(content AS JSON) AS event,
        json_merge_patch(
            content,
            '{"event_id": null, "occurred_at": null, "type": null, "email": null, "anonymous_id": null,
              "url": null, "title": null, "topics": null, "properties": null}'
        ) AS others
    FROM lines
    WHERE reason IS NULL
)
SELECT
    coalesce(nullif(event ->> 'event_id', ''), md5(file || ':' || line || ':' || event::VARCHAR)) AS event_id,
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
        WHEN others = '{}' THEN nullif((event -> 'properties')::VARCHAR, 'null')::JSON
        WHEN json_type(event, '$.properties') = 'OBJECT' THEN json_merge_patch(others, (event -> 'properties'))
        WHEN coalesce(json_type(event, '$.properties'), 'NULL') = 'NULL' THEN others
        ELSE json_merge_patch(others, json_object('properties', (event -> 'properties')))
    END AS properties,
    file AS _file,
    line AS _line,
    $now::TIMESTAMP AS _loaded_at
FROM readable
