UPDATE occurrences
SET rule = 'max_per_kind', detail = refused.detail
FROM refused
WHERE occurrences.record = refused.record AND occurrences.key = refused.key::UHUGEINT
