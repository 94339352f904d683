-- Brings calculated and related fields up to date, and nothing else, where the standing version of a record is the one
-- that was read. Runs in the transaction that also records the refresh.

-- The records that may be compared, each with the names of the fields in which it differs.
CREATE TEMP TABLE comparable AS
SELECT
    incoming."Id",
    list_filter([{differences}], lambda field: field IS NOT NULL) AS fields
FROM incoming
INNER JOIN {stream} AS standing USING ("Id")
WHERE
    standing.{version} = incoming.{version}
    AND standing._deleted_at IS NULL
    AND standing._loaded_at < incoming._loaded_at;

CREATE TEMP TABLE moved AS
SELECT incoming.*, comparable.fields
FROM comparable
INNER JOIN incoming USING ("Id")
WHERE len(comparable.fields) > 0;

-- As in a re-read of the same version (merge.sql): a field that moved is a change of substance, and _changed_at is then
-- that version, unless our own exports write the field.
UPDATE {stream} AS standing
SET
    {assignments},
    _loaded_at = moved._loaded_at,
    _changed_at = CASE
        WHEN list_has_any(moved.fields, $substance) THEN moved._changed_at
        ELSE standing._changed_at
    END
FROM moved
WHERE standing."Id" = moved."Id";
