-- The records that say something which one rule could not read.
INSERT INTO profiles.set_aside (stream, record_id, source, user_field, rows)
SELECT $stream, record_id, $source, $user_field, sum({count})
FROM {table}
WHERE alive AND {count} > 0
GROUP BY record_id
