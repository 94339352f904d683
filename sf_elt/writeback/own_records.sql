-- The records that an export has written, with what the org last confirmed of each, and whose they are by now: those of
-- a profile that was merged are the surviving one's.
CREATE OR REPLACE TEMP MACRO own_records(of_export) AS TABLE
    SELECT
        confirmed.* EXCLUDE (subject_id),
        coalesce(aliases.profile_id, confirmed.subject_id, confirmed.profile_id) AS subject_id
    FROM writeback.confirmed AS confirmed
    LEFT JOIN profiles.aliases AS aliases
        ON aliases.alias_id = coalesce(confirmed.subject_id, confirmed.profile_id)
    WHERE confirmed.export = of_export;
