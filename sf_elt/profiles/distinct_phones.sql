SELECT DISTINCT written
FROM (
    {phones}
)
WHERE written IS NOT NULL
