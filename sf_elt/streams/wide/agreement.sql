-- Which records are whole: once in every part, everywhere in the same version, and where a time is given, last saved
-- before it.
CREATE OR REPLACE TEMP TABLE met AS
WITH keys AS (
    {keys}
)

SELECT
    "Id",
    count(*) = $parts
    AND count(DISTINCT part) = $parts
    AND (NOT $same_version OR (min(version) = max(version) AND min(is_deleted) = max(is_deleted)))
    AND (NOT $only_deleted OR bool_and(is_deleted))
    AND ($saved_before::TIMESTAMP IS NULL OR coalesce(max(version) < $saved_before::TIMESTAMP, false)) AS is_whole
FROM keys
GROUP BY "Id"
