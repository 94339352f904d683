DESCRIBE
SELECT {expression} AS value
FROM (SELECT {row})
