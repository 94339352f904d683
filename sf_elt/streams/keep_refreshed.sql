-- A refresh that began after this read has compared these versions: its values stay, and so does the time that they
-- date from. All other fields are the read's, which may have columns that the stream did not have at that time.
UPDATE incoming
SET
    {assignments},
    _loaded_at = greatest(incoming._loaded_at, standing._loaded_at)
FROM {stream} AS standing
WHERE
    standing."Id" = incoming."Id"
    AND standing.{version} = incoming.{version}
    AND standing._deleted_at IS NULL
    AND (standing._loaded_at <= incoming._loaded_at OR list_contains($dates, standing._loaded_at))
