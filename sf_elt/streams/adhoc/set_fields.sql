-- Sets the fields that were read, and nothing else, in the rows that the stream has.
-- As in a re-read of the record (merge.sql): a field that moved is a change of substance, unless our own exports write it.
UPDATE {stream} AS standing
SET
    {assignments},
    _changed_at = CASE
        WHEN list_has_any(settable.differing, $substance) THEN settable._changed_at
        ELSE standing._changed_at
    END
FROM settable
WHERE standing."Id" = settable."Id" AND len(settable.differing) > 0
