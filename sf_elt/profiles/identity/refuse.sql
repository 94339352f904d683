UPDATE occurrences
SET rule = refused.rule, detail = refused.detail
FROM refused
WHERE occurrences.record = refused.record AND occurrences.key = refused.key::UHUGEINT
