-- The records whose fields may be set: they live, and neither the row nor one of the fields has been read later. Where
-- the org has a newer version of the record than the stream, its fields are ahead of the rest of the row.
CREATE TEMP TABLE settable AS
SELECT
    incoming.*,
    incoming.{version} > standing.{version} AS is_ahead,
    list_filter([{differences}], lambda field: field IS NOT NULL) AS differing
FROM incoming
INNER JOIN {stream} AS standing USING ("Id")
WHERE
    standing._deleted_at IS NULL
    AND standing._loaded_at < incoming._loaded_at
    AND incoming.{version} >= standing.{version}
    AND NOT EXISTS (
        SELECT 1
        FROM ops.read_apart AS apart
        WHERE
            apart.stream = $stream
            AND apart.record_id = incoming."Id"
            AND list_contains($fields, apart.field)
            AND (apart.version > incoming.{version} OR apart.read_at > incoming._loaded_at)
    )
