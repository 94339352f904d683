-- The records that the runs $runs have changed in the org.
SELECT export, record_id, profile_id
FROM writeback.sync_log
WHERE
    run_id IN (SELECT unnest($runs::VARCHAR[]))
    AND status = 'succeeded'
    AND code IS NULL                          -- no code: sent and confirmed, not found to hold it already
