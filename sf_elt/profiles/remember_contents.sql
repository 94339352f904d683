DELETE FROM profiles.rows_read WHERE (stream, record_id) IN (SELECT (stream, record_id) FROM changed_rows);

INSERT INTO profiles.rows_read
FROM rows_now
WHERE (stream, record_id) IN (SELECT (stream, record_id) FROM changed_rows)
