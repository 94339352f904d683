-- The numbered rows that belong to one profile: a record may have several rows, of which others belong to other people.
-- As in a build, the smallest of them stands for all.
CREATE OR REPLACE TEMP TABLE own_records AS
WITH candidates AS (
    {candidates}
),

own AS (
    SELECT DISTINCT candidates.record
    FROM candidates
    JOIN kinds USING (kind_number)
    JOIN stream_names USING (stream_number)
    JOIN profile_links
        ON profile_links.stream = stream_names.stream
        AND profile_links.record_id = candidates.record_id
        AND profile_links.kind = kinds.kind
        AND profile_links.value = candidates.value
)

SELECT record, min(record) OVER () AS component
FROM own
