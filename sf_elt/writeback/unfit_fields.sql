-- Fields that can hold none of the values that they would get: of so many records set aside none of whose like fits.
-- Reads verdicts (plan.sql).
WITH
unfit AS (
    SELECT
        regexp_extract(
            message, '^cannot set \*(\w+)\* field (\w+) to \*([^*]+)\*', ['type', 'field', 'source']
        ) AS told,
        count(*) AS records
    FROM verdicts
    WHERE code = 'INVALID_TYPE_ON_FIELD_IN_RECORD'
    GROUP BY told
    HAVING count(*) >= $at_least
)

SELECT told.type, told.field, told.source, records
FROM unfit
WHERE
    NOT EXISTS (
        FROM verdicts
        WHERE
            verdict <> 'set aside'
            AND json_extract_string(payload, '$."' || unfit.told.field || '"') IS NOT NULL
    )
ORDER BY told.field
LIMIT 1
