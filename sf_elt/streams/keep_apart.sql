-- A field that was read apart stays, where the arriving version of its record is older, or the same and was read before.
UPDATE incoming
SET {field} = standing.{field}
FROM ops.read_apart AS apart
INNER JOIN {standing} AS standing ON standing."Id" = apart.record_id
WHERE
    apart.stream = $stream
    AND lower(apart.field) = $name
    AND incoming."Id" = apart.record_id
    AND standing._deleted_at IS NULL
    AND (
        incoming.{version} < apart.version
        OR (incoming.{version} = apart.version AND incoming._loaded_at < apart.read_at)
    )
