-- A pair waits while no row carries one of its identifiers.
UPDATE listed_pairs
SET pending = true
WHERE
    key NOT IN (SELECT key FROM occurrences WHERE key IN (SELECT key FROM listed_pairs))
    OR other_key NOT IN (
        SELECT key FROM occurrences WHERE key IN (SELECT other_key FROM listed_pairs)
    )
