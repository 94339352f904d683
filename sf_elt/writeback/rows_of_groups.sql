-- One row for each group of rows that are in the source: of each column its latest value, and the sums asked for.
SELECT
    {subject_id} AS _subject_id,
    arg_min(_profile_id, {'moment': _created_at, 'subject': _subject_id}) AS _profile_id,
    min(_created_at) AS _created_at,
    max(_updated_at) AS _updated_at,
    true AS _in_source,
    false AS _may_have_left,
    CAST([] AS VARCHAR[]) AS _audiences,
    CAST(NULL AS VARCHAR) AS _scores,
    CAST(NULL AS VARCHAR) AS _topics,
    {columns}
FROM ({rows})
WHERE _in_source AND {has_group}
GROUP BY 1
