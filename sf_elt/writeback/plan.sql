-- What each record should hold now, compared with what the org last confirmed, and what to do about it.
-- Reads what plan.py makes from the spec:
--   targets               one row a Salesforce field that the export writes, as the org describes it
--   profile_values        profile_id, created_at, record_ids, contents (one text for each target)
--   audiences_of_profile  profile_id, audiences: profiles that are, or have been, in an audience of the export
--   imported_records      record_id, is_deleted, is_converted, changed_at
CREATE OR REPLACE TEMP TABLE verdicts AS
WITH
described AS (
    SELECT list(targets ORDER BY ordinal) AS fields FROM targets
),

claims AS (
    SELECT DISTINCT profile_id, created_at, id18(trim(record_id)) AS record_id
    FROM (SELECT profile_id, created_at, unnest(record_ids) AS record_id FROM profile_values)
    WHERE trim(record_id) <> ''
),

-- Where several profiles claim one record, the oldest may write it.
ranked_claims AS (
    SELECT
        *,
        row_number() OVER (PARTITION BY record_id ORDER BY created_at, profile_id) AS claim
    FROM claims
),

confirmed AS (
    SELECT record_id, payload, payload_md5, coalesce(json_keys(payload), []) AS keys
    FROM writeback.confirmed
    WHERE export = $export
),

-- How the last attempt at each record ended.
last_outcome AS (
    SELECT
        log.profile_id,
        log.record_id,
        arg_max(
            {
                'status': log.status,
                'code': log.code,
                'message': log.message,
                'retryable': log.retryable,
                'payload_md5': rows.payload_md5,
                'logged_at': log.logged_at
            },
            log.rowid -- and not the time: clocks are set back
        ) AS outcome
    FROM writeback.sync_log AS log
    LEFT JOIN writeback.plan_rows AS rows
        ON rows.plan_id = log.plan_id AND rows.record_id = log.record_id AND rows.profile_id = log.profile_id
    WHERE log.export = $export
    GROUP BY log.profile_id, log.record_id
),

in_scope AS (
    SELECT
        ranked_claims.profile_id,
        ranked_claims.record_id,
        ranked_claims.claim,
        profile_values.contents,
        imported_records.record_id IS NOT NULL AS in_stream,
        coalesce(imported_records.is_deleted, false) AS is_deleted,
        coalesce(imported_records.is_converted, false) AS is_converted,
        imported_records.changed_at,
        confirmed.payload AS was,
        confirmed.payload_md5 AS was_md5,
        confirmed.keys AS was_keys
    FROM ranked_claims
    JOIN profile_values USING (profile_id)
    LEFT JOIN imported_records USING (record_id)
    LEFT JOIN confirmed USING (record_id)
    LEFT JOIN audiences_of_profile USING (profile_id)
    WHERE NOT $only_members OR audiences_of_profile.profile_id IS NOT NULL OR confirmed.record_id IS NOT NULL
),

converted_values AS (
    SELECT
        in_scope.*,
        [
            {'target': pair[2], 'content': pair[1], 'json': json_value(pair[1], pair[2])}
            FOR pair IN list_zip(contents, described.fields)
        ] AS field_values
    FROM in_scope, described
),

-- A null clears a field that is this export's own or that it has written before; any other field it leaves alone.
wanted AS (
    SELECT
        * EXCLUDE (field_values),
        [
            value FOR value IN field_values
            IF value.json IS DISTINCT FROM 'null'
            OR value.target.is_own
            OR list_contains(coalesce(was_keys, []), value.target.field)
        ] AS field_values
    FROM converted_values
),

payloads AS (
    SELECT
        *,
        '{'
        || array_to_string(
            ['"' || value.target.field || '":' || coalesce(value.json, 'null') FOR value IN field_values], ','
        )
        || '}' AS payload
    FROM wanted
),

compared AS (
    SELECT
        *,
        md5(payload) AS payload_md5,
        CASE
            WHEN md5(payload) = was_md5 THEN []
            ELSE [
                value.target.field FOR value IN field_values
                IF value.json IS NULL
                OR value.json IS DISTINCT FROM json_extract(was, '$."' || value.target.field || '"')::VARCHAR
            ]
        END AS changed_fields,
        list_filter(
            [
                problem(value.content, value.json, value.target) FOR value IN field_values
                IF list_contains(changed_fields, value.target.field)
            ],
            LAMBDA each: each IS NOT NULL
        ) AS problems
    FROM payloads
),

ruled AS (
    SELECT
        *,
        CASE
            WHEN claim > 1 THEN 'RECORD_OF_ANOTHER_PROFILE'
            WHEN NOT in_stream THEN 'RECORD_NOT_IMPORTED'
            WHEN is_deleted THEN 'RECORD_DELETED'
            WHEN is_converted THEN 'LEAD_CONVERTED'
            WHEN len(problems) > 0 THEN problems[1].code
        END AS code,
        CASE
            WHEN claim > 1 THEN 'an older profile claims this record and writes it'
            WHEN NOT in_stream THEN format('{} is not in the imported stream {}', record_id, $stream)
            WHEN is_deleted THEN 'the record is deleted in the org'
            WHEN is_converted THEN 'a converted lead can no longer be updated'
            WHEN len(problems) > 0 THEN array_to_string([each.message FOR each IN problems], '; ')
        END AS message
    FROM compared
)

SELECT
    ruled.profile_id,
    ruled.record_id,
    ruled.payload,
    ruled.payload_md5,
    ruled.changed_fields,
    ruled.code,
    ruled.message,
    CASE
        WHEN len(ruled.changed_fields) = 0 THEN 'unchanged'
        WHEN ruled.code IS NOT NULL THEN 'set aside'
        -- Refused for good with this very payload: it waits until the payload or the record changes, a day at most.
        WHEN
            outcome.payload_md5 = ruled.payload_md5
            AND (outcome.status = 'set aside' OR (outcome.status = 'failed' AND NOT outcome.retryable))
            AND outcome.logged_at > $refused_since::TIMESTAMP
            AND coalesce(ruled.changed_at <= outcome.logged_at, true)
            THEN 'refused before'
        ELSE 'planned'
    END AS verdict,
    coalesce(
        outcome.status = 'set aside' AND outcome.code = ruled.code AND outcome.message = ruled.message, false
    ) AS logged_before
FROM ruled
LEFT JOIN last_outcome
    ON last_outcome.profile_id = ruled.profile_id AND last_outcome.record_id IS NOT DISTINCT FROM ruled.record_id;
