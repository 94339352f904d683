-- Each line with the reason why it cannot be an event, or null where it can.
WITH
read AS (
    SELECT file, line, row_number, problem, coalesce(event, content) AS event FROM lines_read
),
judged AS (
    SELECT *, problem IS NULL AND json_valid(event) AS is_json FROM read
),
typed AS (
    SELECT * EXCLUDE (is_json, event), is_json, CASE WHEN is_json THEN event END AS event FROM judged
),
mapped AS (
    SELECT *, json_type(event) AS json_type, {mapped} AS mapped FROM typed
),
told AS (
    SELECT *, CASE WHEN json_type = 'OBJECT' THEN json_extract_string(mapped, '$.occurred_at') END AS told FROM mapped
),
timed AS (
    SELECT
        *,
        CASE
            -- 10 digits are seconds since 1970, 13 are milliseconds: both 2001 to 2286.
            WHEN regexp_full_match(told, '[0-9]{{10}}([.][0-9]+)?')
                THEN make_timestamp(round(told::DOUBLE * 1e6)::BIGINT)
            WHEN regexp_full_match(told, '[0-9]{{13}}([.][0-9]+)?')
                THEN make_timestamp(round(told::DOUBLE * 1e3)::BIGINT)
            ELSE CAST(TRY_CAST(told AS TIMESTAMPTZ) AS TIMESTAMP)
        END AS parsed_at
    FROM told
),
dated AS (
    SELECT
        *,
        -- Four digits of a year are all that Python and people have.
        coalesce(parsed_at >= TIMESTAMP '0001-01-01' AND parsed_at < TIMESTAMP '10000-01-01', false) AS is_time
    FROM timed
)
SELECT
    file,
    line,
    row_number,
    mapped::VARCHAR AS event,
    CASE WHEN is_time THEN parsed_at END AS occurred_at,
    CASE
        WHEN problem IS NOT NULL THEN problem
        WHEN NOT is_json THEN 'not valid JSON'
        WHEN json_type <> 'OBJECT' THEN 'not a JSON object but ' || lower(json_type)
        WHEN told IS NULL THEN 'no occurred_at'
        WHEN NOT is_time THEN 'occurred_at is no time: ' || told
    END AS reason
FROM dated
