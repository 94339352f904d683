-- Events as they were loaded together, a row a batch.
CREATE OR REPLACE TEMP TABLE batches_now AS
{batches};

-- The streams of which every batch that the last build read stands as it was: only new ones are to be looked at.
CREATE OR REPLACE TEMP TABLE grown_streams AS
SELECT DISTINCT stream
FROM batches_now
WHERE
    stream NOT IN (SELECT stream FROM profiles.batches_read ANTI JOIN batches_now USING (stream, loaded_at, rows, checksum))
    AND stream NOT IN (SELECT stream FROM batches_now WHERE loaded_at IS NULL);

CREATE OR REPLACE TEMP TABLE new_batches AS
SELECT stream, loaded_at
FROM batches_now
ANTI JOIN profiles.batches_read USING (stream, loaded_at)
WHERE stream IN (FROM grown_streams)
