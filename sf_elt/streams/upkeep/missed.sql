-- Records that a window should have brought: not in the stream, older there, or deleted in one of the two only.
CREATE TEMP TABLE missed AS
WITH vanished_before AS (
    SELECT record_id AS "Id", max(noticed_at) AS noticed_at
    FROM ops.vanished
    WHERE stream = $stream
    GROUP BY record_id
)
SELECT
    incoming."Id",
    incoming._deleted_at IS NULL AND coalesce(standing._deleted_at = vanished_before.noticed_at, false) AS has_returned
FROM incoming
LEFT JOIN {stream} AS standing USING ("Id")
LEFT JOIN vanished_before USING ("Id")
WHERE
    incoming.{timestamp_field} >= $judged_from
    AND incoming.{timestamp_field} < $judged_to
    AND (
        standing."Id" IS NULL
        OR standing.{timestamp_field} < incoming.{timestamp_field}
        OR (
            standing.{timestamp_field} = incoming.{timestamp_field}
            AND standing._loaded_at < incoming._loaded_at
            AND (standing._deleted_at IS NULL) <> (incoming._deleted_at IS NULL)
        )
    )
