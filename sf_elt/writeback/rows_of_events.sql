-- One row for each event that the export writes, with the profile that it belongs to where it belongs to one.
WITH events AS (
    SELECT {all_columns} FROM {stream}
),

wanted AS (
    SELECT * FROM events WHERE {where}
)

SELECT
    CAST(event.{key} AS VARCHAR) AS _subject_id,
    {profile_id} AS _profile_id,
    {created_at} AS _created_at,
    {updated_at} AS _updated_at,
    true AS _in_source,
    false AS _may_have_left,
    CAST([] AS VARCHAR[]) AS _audiences,
    CAST(NULL AS VARCHAR) AS _scores,
    CAST(NULL AS VARCHAR) AS _topics,
    {columns}
FROM wanted AS event
{people}
WHERE _subject_id <> ''
QUALIFY row_number() OVER (PARTITION BY _subject_id ORDER BY _updated_at DESC) = 1
