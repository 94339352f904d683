-- The records to compare. Where too many are equal in something, that is nobody's own and makes none be compared.
CREATE TABLE compared AS
SELECT
    *,
    {rare}
FROM arriving_records
ORDER BY number
