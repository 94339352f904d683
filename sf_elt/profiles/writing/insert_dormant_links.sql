-- The links of components that no living row carries, which therefore are no profiles.
INSERT INTO profiles.dormant_links (stream, record_id, kind, value, component)
WITH dormant AS (
    SELECT stream_number, record_id, kind, value, coalesce(component, record) AS component
    FROM occurrences
    JOIN kinds USING (kind_number)
    LEFT JOIN joined_records USING (record)
)

SELECT
    stream_names.stream,
    record_id,
    kind,
    value,
    min(concat(kind, ':', value)) OVER (PARTITION BY component) AS component
FROM dormant
JOIN stream_names USING (stream_number)
WHERE component NOT IN (SELECT component FROM component_profiles)
