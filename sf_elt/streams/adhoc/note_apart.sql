-- What a read of whole records must leave, that began before and ends later: see apart.py. Of a record that is ahead
-- also what is the same in both versions, since it may have differed in one between them.
INSERT INTO ops.read_apart BY NAME
SELECT
    $stream AS stream,
    "Id" AS record_id,
    unnest(CASE WHEN is_ahead THEN $fields::VARCHAR[] ELSE differing END) AS field,
    {version} AS version,
    $read_at AS read_at
FROM settable
