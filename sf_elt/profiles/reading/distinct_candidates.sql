SELECT DISTINCT *
FROM (
    {candidates}
)
