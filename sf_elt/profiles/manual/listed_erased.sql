-- The identifiers of the lists that are an erased person's.
SELECT kind, value
FROM listed
WHERE
    CASE kind
        {said}
    END
