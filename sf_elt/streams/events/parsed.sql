-- The lines that can be events, as rows. Without an event_id of its own a line is told apart by file, line and text.
WITH
said AS (
    SELECT
        file,
        line,
        occurred_at,
        event,
        json_transform(
            event,
            '{"event_id": "VARCHAR", "type": "VARCHAR", "email": "VARCHAR", "anonymous_id": "VARCHAR",
              "url": "VARCHAR", "title": "VARCHAR", "topics": "JSON", "properties": "JSON"}'
        ) AS said,
        len(list_filter(
            json_keys(event),
            lambda key: key NOT IN (
                'event_id', 'occurred_at', 'type', 'email', 'anonymous_id', 'url', 'title', 'topics', 'properties'
            )
        )) > 0 AS says_more
    FROM lines
    WHERE reason IS NULL
),
readable AS (
    SELECT
        *,
        CASE
            WHEN says_more
                THEN json_merge_patch(
                    event,
                    '{"event_id": null, "occurred_at": null, "type": null, "email": null, "anonymous_id": null,
                      "url": null, "title": null, "topics": null, "properties": null}'
                )
        END AS others,
        json_type(said.properties) AS properties_type,
        json_type(said.topics) AS topics_type
    FROM said
)
SELECT
    coalesce(nullif(said.event_id, ''), md5(file || ':' || line || ':' || event)) AS event_id,
    occurred_at,
    said.type AS type,
    said.email AS email,
    said.anonymous_id AS anonymous_id,
    said.url AS url,
    said.title AS title,
    CASE
        WHEN topics_type = 'ARRAY' THEN TRY_CAST(said.topics AS VARCHAR[])
        WHEN topics_type = 'VARCHAR' THEN [said.topics ->> '$']
    END AS topics,
    CASE
        WHEN others IS NULL THEN nullif(said.properties::VARCHAR, 'null')::JSON
        WHEN properties_type = 'OBJECT' THEN json_merge_patch(others, said.properties)
        WHEN coalesce(properties_type, 'NULL') = 'NULL' THEN others
        ELSE json_merge_patch(others, json_object('properties', said.properties))
    END AS properties,
    file AS _file,
    line AS _line,
    $now::TIMESTAMP AS _loaded_at
FROM readable
