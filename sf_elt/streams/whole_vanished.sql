-- Living rows that the org did not give, of those that stood when the read began.
UPDATE {stream} AS standing
SET
    _deleted_at = $loaded_at::TIMESTAMP,
    _changed_at = $loaded_at::TIMESTAMP,
    _loaded_at = $loaded_at::TIMESTAMP,
    _window = $window
WHERE
    standing._deleted_at IS NULL
    AND standing._loaded_at <= $loaded_at::TIMESTAMP
    AND NOT EXISTS (SELECT 1 FROM incoming WHERE incoming."Id" = standing."Id")
