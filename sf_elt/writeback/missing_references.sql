-- The values by which records to be created refer to others that nobody has found yet.
SELECT DISTINCT {value} AS value, group_value(value) AS subject_id
FROM subject_rows AS subject
JOIN subject_values ON subject_values.subject_id = subject._subject_id
LEFT JOIN current_matches AS matched USING (subject_id, match_md5)
WHERE
    subject_values.in_source
    AND subject_values.subject_id NOT IN (SELECT subject_id FROM own_records($export))
    AND len([known FOR known IN subject_values.record_ids IF trim(known) <> '']) = 0
    AND (NOT $has_matchers OR matched.outcome = 'none')
    AND value <> ''
    AND value NOT IN (
        SELECT value FROM found_records WHERE object = $object AND field = $field AND record_id IS NOT NULL
    )
ORDER BY value
