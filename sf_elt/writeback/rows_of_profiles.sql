-- One row for each profile, with its audiences, scores and topics, and the columns that the export reads.
SELECT
    person.profile_id AS _subject_id,
    person.profile_id AS _profile_id,
    person.created_at AS _created_at,
    person.updated_at AS _updated_at,
    {in_source} AS _in_source,
    {may_have_left} AS _may_have_left,
    held.audiences AS _audiences,
    concat_ws(', ', {scores}) AS _scores,
    person.top_topics AS _topics,
    {columns}
FROM (
    SELECT subjects.*, stays.audiences AS {in_audiences}
    FROM subjects
    LEFT JOIN (
        SELECT profile_id, list(DISTINCT audience) AS audiences
        FROM insight.audience_members
        WHERE left_at IS NULL
        GROUP BY profile_id
    ) AS stays USING (profile_id)
) AS person
LEFT JOIN audiences_of_profile AS held USING (profile_id)
