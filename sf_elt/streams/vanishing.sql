-- Living rows whose record is gone: `incoming` holds all Ids that the org has of those that are judged. A row that was
-- read after they were asked for is newer than they are, and is not judged.
CREATE TEMP TABLE vanishing AS
SELECT standing."Id"
FROM {stream} AS standing
WHERE
    standing._deleted_at IS NULL
    AND standing._loaded_at < $began
    AND {judged}
    AND NOT EXISTS (SELECT 1 FROM incoming WHERE incoming."Id" = standing."Id")
