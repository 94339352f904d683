-- The records that an export has written, with what the org last confirmed of each, and whose they are by now: those of
-- a profile that was merged are the surviving one's. A record that was merged into another in the org is that one, of
-- which nothing is confirmed yet.
CREATE OR REPLACE TEMP MACRO own_records(of_export) AS TABLE
    WITH
    own AS (
        SELECT
            confirmed.* EXCLUDE (subject_id),
            coalesce(aliases.profile_id, confirmed.subject_id, confirmed.profile_id) AS subject_id,
            merged.merged_into
        FROM writeback.confirmed AS confirmed
        LEFT JOIN profiles.aliases AS aliases
            ON aliases.alias_id = coalesce(confirmed.subject_id, confirmed.profile_id)
        LEFT JOIN (FROM imported_records WHERE merged_into IS NOT NULL) AS merged USING (record_id)
        WHERE confirmed.export = of_export
    )

    SELECT
        record_id, subject_id, payload, payload_md5, trigger_md5, undone, is_kept, confirmed_at, false AS is_merged
    FROM own
    WHERE merged_into IS NULL
    UNION ALL
    SELECT
        merged_into, subject_id, '{}', md5('{}'), NULL, NULL, NULL, confirmed_at, true
    FROM own
    WHERE merged_into IS NOT NULL AND merged_into NOT IN (SELECT record_id FROM own)
    QUALIFY row_number() OVER (PARTITION BY merged_into ORDER BY confirmed_at DESC, record_id) = 1;
