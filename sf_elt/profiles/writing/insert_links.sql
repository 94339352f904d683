INSERT INTO profiles.links (stream, record_id, kind, value, profile_id, via)
WITH links AS (
    SELECT
        stream_number,
        record_id,
        kind,
        value,
        coalesce(component, record) AS component,
        via
    FROM occurrences
    JOIN kinds USING (kind_number)
    LEFT JOIN joined_records USING (record)
)

SELECT stream_names.stream, links.record_id, links.kind, links.value, component_profiles.profile_id, links.via
FROM links
JOIN stream_names USING (stream_number)
JOIN component_profiles USING (component)
