-- What was refused for what else its group holds joins nothing either.
INSERT INTO refused_occurrences BY NAME
SELECT stream_number, record_id, kind, value, refused.rule, refused.detail
FROM occurrences
JOIN kinds USING (kind_number)
JOIN refused ON occurrences.record = refused.record AND occurrences.key = refused.key::UHUGEINT;

DELETE FROM occurrences
WHERE (record, key) IN (SELECT (record, key::UHUGEINT) FROM refused)
