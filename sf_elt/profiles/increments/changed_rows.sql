-- The records of which the streams say something else than the last build read.
CREATE OR REPLACE TEMP TABLE changed_rows AS
SELECT stream, record_id FROM rows_now WHERE contents IN (SELECT contents FROM changed_contents)
UNION
SELECT stream, record_id FROM profiles.rows_read WHERE contents IN (SELECT contents FROM changed_contents)
