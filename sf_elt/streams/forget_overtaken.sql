-- What was read apart is read whole now, in the same version of the record or a newer one, and no earlier.
DELETE FROM ops.read_apart AS apart
USING incoming
WHERE
    apart.stream = $stream
    AND incoming."Id" = apart.record_id
    AND (
        incoming.{version} > apart.version
        OR (incoming.{version} = apart.version AND incoming._loaded_at >= apart.read_at)
    )
