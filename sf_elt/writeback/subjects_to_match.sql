-- The subjects whose records are to be looked for in the org: those in the source that have none yet, and of which
-- nothing is known that still holds. Parameters as in plan.sql; $stale is the time before which an answer is old.
WITH
-- Whose records were found and have changed in the org since, or were merged into others.
changed AS (
    SELECT matches.subject_id, bool_or(imported_records.merged_into IS NOT NULL) AS is_merged
    FROM (
        SELECT subject_id, looked_at, unnest(record_ids) AS record_id FROM writeback.matches WHERE export = $export
    ) AS matches
    JOIN imported_records USING (record_id)
    WHERE imported_records.changed_at > matches.looked_at OR imported_records.merged_into IS NOT NULL
    GROUP BY matches.subject_id
)

SELECT
    subject_values.subject_id, subject_values.match_md5, subject_values.match_keys, matched.outcome IS NULL AS is_new
FROM subject_values
LEFT JOIN writeback.matches AS matched
    ON matched.export = $export
    AND matched.subject_id = subject_values.subject_id
    AND matched.match_md5 = subject_values.match_md5
LEFT JOIN changed ON changed.subject_id = subject_values.subject_id
WHERE
    subject_values.in_source
    AND subject_values.subject_id NOT IN (SELECT subject_id FROM own_records($export))
    AND len([known FOR known IN subject_values.record_ids IF trim(known) <> '']) = 0
    AND CASE
        WHEN matched.outcome IS NULL THEN true
        WHEN matched.outcome = 'one' THEN coalesce(changed.is_merged, false)
        WHEN matched.outcome IN ('undone', 'incomplete', 'unusable') THEN false
        WHEN matched.outcome = 'none' AND $creates THEN true -- nothing is created on an old answer
        ELSE matched.looked_at < $stale::TIMESTAMP OR changed.subject_id IS NOT NULL
    END
ORDER BY matched.outcome IS NOT NULL, matched.looked_at, subject_values.subject_id
LIMIT $most
