INSERT INTO profiles.links (stream, record_id, kind, value, profile_id, via)
WITH links AS (
    SELECT
        any_value(stream_number) AS stream_number,
        any_value(record_id) AS record_id,
        any_value(kind) AS kind,
        any_value(value) AS value,
        coalesce(any_value(component), record) AS component,
        via
    FROM occurrences
    LEFT JOIN joined_records USING (record)
    WHERE rule IS NULL
    GROUP BY record, key, via
)

SELECT stream_names.stream, links.record_id, links.kind, links.value, component_profiles.profile_id, links.via
FROM links
JOIN stream_names USING (stream_number)
JOIN component_profiles USING (component)
