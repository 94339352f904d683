-- Every identifier that a row carries, with its 128-bit key, and the guard that refuses it, if one does.
CREATE OR REPLACE TEMP TABLE occurrences AS
WITH candidates AS (
    {candidates}
)

SELECT
    *,
    {rule} AS rule,
    identifier_key(kind_number, value) AS key
FROM candidates
WHERE value IS NOT NULL
