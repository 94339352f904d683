-- What each record should hold now, compared with what the org last confirmed, and what to do about it.
-- Reads what verdicts.py makes from the spec:
--   targets           one row a Salesforce field that the export writes, as the org describes it
--   subject_values    subject_id, profile_id, created_at, updated_at, in_source, may_have_left, record_ids, match_keys,
--                     match_md5 (of what is looked for), new_key (the same for records that would be doubles),
--                     trigger_md5, contents (one text for each target)
--   current_matches   subject_id, match_md5, outcome, record_ids, message: what the matchers have found
--   own_records       the macro of own_records.sql
--   imported_records  record_id, is_deleted, is_converted, merged_into, changed_at
CREATE OR REPLACE TEMP TABLE verdicts AS
WITH
described AS (
    SELECT coalesce(list(targets ORDER BY ordinal), []) AS fields FROM targets
),

confirmed AS (
    SELECT
        record_id,
        subject_id,
        payload,
        payload_md5,
        confirmed_at,
        trigger_md5,
        coalesce(json_keys(payload), []) AS keys,
        coalesce(map_keys(undone), []) AS undone_fields,
        coalesce(is_kept, false) AS is_kept,
        is_merged
    FROM own_records($export)
),

records_of_subject AS (
    SELECT subject_id, list(record_id ORDER BY record_id) AS record_ids FROM confirmed GROUP BY subject_id
),

-- Each subject with each of its records, or with none: the Ids it knows, else those it wrote, else those found.
claims AS (
    SELECT
        subject_values.* EXCLUDE (record_ids),
        matched.outcome,
        matched.message AS match_message,
        CASE WHEN matched.outcome = 'undone' THEN matched.record_ids ELSE [] END AS unmade_ids,
        [id18(trim(known)) FOR known IN subject_values.record_ids IF trim(known) <> ''] AS known_ids,
        len(known_ids) > 0 AS is_known,
        NOT is_known AND $looks_further AND own.record_ids IS NOT NULL AS is_remembered,
        unnest(
            CASE
                WHEN is_known THEN list_distinct(known_ids)
                WHEN $looks_further AND own.record_ids IS NOT NULL THEN own.record_ids
                WHEN matched.outcome = 'one' THEN matched.record_ids
                WHEN $looks_further THEN [NULL::VARCHAR]
                ELSE []
            END
        ) AS record_id
    FROM subject_values
    LEFT JOIN records_of_subject AS own USING (subject_id)
    LEFT JOIN current_matches AS matched USING (subject_id, match_md5)
),

-- Records that were written for one subject and are known of another, or found by its values.
disputed AS (
    SELECT
        record_id,
        bool_or(is_known) AS is_known_elsewhere,
        [lower(key::VARCHAR) FOR key IN flatten(list(match_keys))] AS found_by
    FROM claims
    WHERE NOT is_remembered AND record_id IN (SELECT record_id FROM claims WHERE is_remembered)
    GROUP BY record_id
),

-- Where several subjects claim one record, or would create one of the same values, the oldest may write it: but not one
-- that has only written it before and whose values it does not have any more, as after a split.
ranked_claims AS (
    SELECT
        claims.* EXCLUDE (known_ids, unmade_ids),
        list_contains(unmade_ids, record_id) AS was_unmade,
        is_remembered
        AND disputed.record_id IS NOT NULL
        AND (is_known_elsewhere OR NOT list_has_any([lower(key::VARCHAR) FOR key IN match_keys], found_by)) AS is_given_up,
        row_number() OVER (
            PARTITION BY coalesce(record_id, 'new ' || new_key)
            ORDER BY is_given_up, record_id IS NULL AND NOT in_source, created_at, subject_id
        ) AS claim
    FROM claims
    LEFT JOIN disputed USING (record_id)
),

-- Records that the export wrote for somebody who is there no more.
left_over AS (
    SELECT confirmed.record_id, confirmed.subject_id
    FROM confirmed
    WHERE $keeps_left AND confirmed.record_id NOT IN (SELECT record_id FROM claims WHERE record_id IS NOT NULL)
),

all_claims AS (
    FROM ranked_claims
    UNION ALL BY NAME
    SELECT
        record_id, subject_id, '' AS profile_id, false AS in_source, false AS may_have_left, false AS is_known,
        1 AS claim, [NULL::VARCHAR FOR field IN described.fields] AS contents
    FROM left_over, described
),

in_scope AS (
    SELECT
        claims.* EXCLUDE (contents),
        CASE
            WHEN claims.in_source OR $on_leave = 'update' THEN claims.contents
            ELSE [NULL::VARCHAR FOR each IN claims.contents]
        END AS contents,
        imported_records.record_id IS NOT NULL AS in_stream,
        coalesce(imported_records.is_deleted, false) AS is_deleted,
        coalesce(imported_records.is_converted, false) AS is_converted,
        imported_records.changed_at,
        confirmed.payload AS was,
        confirmed.payload_md5 AS was_md5,
        confirmed.keys AS was_keys,
        confirmed.trigger_md5 AS was_trigger_md5,
        confirmed.record_id IS NOT NULL AND NOT confirmed.is_merged AS was_confirmed,
        confirmed.undone_fields,
        confirmed.is_kept,
        $policy = 'ours' AND imported_records.changed_at > confirmed.confirmed_at AS may_be_changed,
        CASE
            WHEN claims.record_id IS NULL THEN CASE WHEN $creates THEN 'create' END
            WHEN $operation = 'delete' THEN 'delete'
            WHEN $operation = 'mirror' AND NOT claims.in_source THEN 'delete'
            WHEN $operation <> 'create' THEN 'update'
        END AS operation
    FROM all_claims AS claims
    LEFT JOIN imported_records USING (record_id)
    LEFT JOIN confirmed USING (record_id)
    WHERE
        claims.in_source
        OR (
            claims.record_id IS NOT NULL
            AND $operation NOT IN ('create', 'delete')
            AND ($on_leave <> 'keep' OR $operation = 'mirror')
            AND (was_confirmed OR (claims.may_have_left AND $operation <> 'mirror'))
        )
),

converted_values AS (
    SELECT
        in_scope.*,
        [
            {'target': pair[2], 'content': pair[1], 'json': json_value(pair[1], pair[2])}
            FOR pair IN list_zip(contents, described.fields)
        ] AS all_values
    FROM in_scope, described
),

-- A null clears a field that is this export's own or that it has written before; any other field it leaves alone. A
-- checkbox is cleared by false: Salesforce has no null for it.
wanted AS (
    SELECT
        * EXCLUDE (all_values, contents),
        CASE operation
            WHEN 'create' THEN [
                value FOR value IN all_values
                IF value.target.on_create AND (value.json IS DISTINCT FROM 'null' OR value.target.is_needed)
            ]
            WHEN 'update' THEN [
                CASE
                    WHEN value.json = 'null' AND value.target.type = 'boolean' AND NOT value.target.is_needed
                        THEN struct_update(value, json := 'false')
                    ELSE value
                END
                FOR value IN all_values
                IF value.target.on_update
                AND (
                    value.json IS DISTINCT FROM 'null'
                    OR value.target.is_own
                    OR list_contains(coalesce(was_keys, []), value.target.field)
                )
            ]
            ELSE []
        END AS field_values
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
            WHEN md5(payload) = was_md5 AND NOT coalesce(may_be_changed, false) THEN []
            WHEN $has_triggers AND was_trigger_md5 = trigger_md5 THEN []
            ELSE [
                value.target.field FOR value IN field_values
                IF value.json IS NULL
                OR value.json IS DISTINCT FROM json_extract(was, '$."' || value.target.field || '"')::VARCHAR
                OR (coalesce(may_be_changed, false) AND NOT list_contains(undone_fields, value.target.field))
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
            WHEN record_id IS NULL AND outcome = 'several' THEN 'AMBIGUOUS'
            WHEN record_id IS NULL AND outcome = 'contact' THEN 'CONTACT_EXISTS'
            WHEN record_id IS NULL AND outcome = 'converted' THEN 'LEAD_CONVERTED'
            WHEN record_id IS NULL AND outcome = 'unusable' THEN 'MATCH_VALUE_UNUSABLE'
            WHEN record_id IS NULL AND outcome = 'undone' THEN 'UNDONE'
            WHEN was_unmade AND NOT was_confirmed THEN 'UNDONE'
            WHEN is_kept AND operation = 'delete' THEN 'UNDONE'
            WHEN claim > 1 AND record_id IS NULL THEN 'CREATED_FOR_ANOTHER_PROFILE'
            WHEN claim > 1 THEN 'RECORD_OF_ANOTHER_PROFILE'
            WHEN is_known AND NOT in_stream THEN 'RECORD_NOT_IMPORTED'
            WHEN is_deleted AND operation <> 'delete' THEN 'RECORD_DELETED'
            WHEN is_converted AND operation <> 'delete' THEN 'LEAD_CONVERTED'
            WHEN len(problems) > 0 THEN problems[1].code
        END AS code,
        CASE
            WHEN code = 'UNDONE' AND is_kept THEN 'its deletion was undone: this export does not delete it again'
            WHEN code IN ('AMBIGUOUS', 'CONTACT_EXISTS', 'MATCH_VALUE_UNUSABLE', 'UNDONE') THEN match_message
            WHEN code = 'LEAD_CONVERTED' AND record_id IS NULL THEN match_message
            WHEN code = 'CREATED_FOR_ANOTHER_PROFILE' THEN 'a new record of the same values is made for an older profile'
            WHEN code = 'RECORD_OF_ANOTHER_PROFILE' AND is_given_up THEN 'the record is another profile''s by now'
            WHEN code = 'RECORD_OF_ANOTHER_PROFILE' THEN 'an older profile claims this record and writes it'
            WHEN code = 'RECORD_NOT_IMPORTED' THEN format('{} is not in the imported stream {}', record_id, $stream)
            WHEN code = 'RECORD_DELETED' THEN 'the record is deleted in the org'
            WHEN code = 'LEAD_CONVERTED' THEN 'a converted lead can no longer be updated'
            WHEN len(problems) > 0 THEN array_to_string([each.message FOR each IN problems], '; ')
        END AS message
    FROM compared
)

SELECT
    ruled.subject_id,
    ruled.profile_id,
    ruled.record_id,
    ruled.operation,
    ruled.payload,
    ruled.payload_md5,
    ruled.trigger_md5,
    ruled.updated_at AS changed_at,
    ruled.changed_fields,
    ruled.code,
    ruled.message,
    CASE
        WHEN ruled.record_id IS NULL AND coalesce(ruled.outcome, '') = '' AND $has_matchers THEN 'not looked up'
        WHEN ruled.record_id IS NULL AND ruled.outcome = 'incomplete' THEN 'without record'
        WHEN ruled.record_id IS NULL AND ruled.outcome = 'none' AND ruled.operation IS NULL THEN 'without record'
        WHEN ruled.code IN ('AMBIGUOUS', 'MATCH_VALUE_UNUSABLE') THEN 'set aside'
        WHEN ruled.operation IS NULL THEN 'unchanged'
        WHEN ruled.operation = 'delete' AND ruled.is_deleted THEN 'unchanged'
        WHEN ruled.operation <> 'delete' AND len(ruled.changed_fields) = 0 THEN 'unchanged'
        WHEN ruled.code IS NOT NULL THEN 'set aside'
        -- Refused for good with this very payload: it waits until the payload or the record changes, a day at most.
        WHEN
            last.payload_md5 = ruled.payload_md5
            AND (last.status = 'set aside' OR (last.status = 'failed' AND NOT last.retryable))
            AND last.logged_at > $refused_since::TIMESTAMP
            AND coalesce(ruled.changed_at_in_org <= last.logged_at, true)
            THEN 'refused before'
        ELSE 'planned'
    END AS verdict,
    coalesce(
        last.status = 'set aside' AND last.code = ruled.code AND last.message = ruled.message,
        false
    ) AS logged_before
FROM (SELECT * RENAME (changed_at AS changed_at_in_org) FROM ruled) AS ruled
LEFT JOIN writeback.refusals AS last
    ON last.export = $export
    AND last.subject_id = ruled.subject_id
    AND last.record_id IS NOT DISTINCT FROM ruled.record_id;
