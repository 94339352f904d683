-- The subjects that may claim the same records as one of them, or would make one of the same values; itself among them.
-- Reads subject_values (verdicts.py).
WITH
mine AS (
    SELECT record_ids, lower(match_keys[1]::VARCHAR) AS first_key FROM subject_values WHERE subject_id = $subject_id
),

found AS (
    SELECT record_ids FROM writeback.matches WHERE export = $export AND subject_id = $subject_id
)

SELECT $subject_id AS subject_id
UNION
SELECT others.subject_id
FROM subject_values AS others, mine
WHERE
    list_has_any(others.record_ids, mine.record_ids)
    OR ($has_matchers AND lower(others.match_keys[1]::VARCHAR) = mine.first_key)
UNION
SELECT others.subject_id
FROM writeback.matches AS others, found
WHERE others.export = $export AND list_has_any(others.record_ids, found.record_ids)
