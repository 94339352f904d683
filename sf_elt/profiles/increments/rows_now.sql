-- What the streams say now: each row that counts, with one number for all that the mapping reads of it.
CREATE OR REPLACE TEMP TABLE rows_now (stream VARCHAR, record_id VARCHAR, contents UHUGEINT)
