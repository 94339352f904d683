-- The records that the runs $runs have changed in the org, and whether their profile has changed since $since (UTC).
SELECT
    sent.export,
    sent.record_id,
    sent.changed_fields,
    coalesce(profile.updated_at >= $since, false) AS profile_changed
FROM writeback.sync_log AS sent
LEFT JOIN profiles.profiles AS profile ON profile.profile_id = sent.profile_id
WHERE
    sent.run_id IN (SELECT unnest($runs::VARCHAR[]))
    AND sent.status = 'succeeded'
    AND sent.code IS NULL                     -- no code: sent and confirmed, not found to hold it already
