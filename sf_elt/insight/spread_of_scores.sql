-- How many profiles have which value of each score.
SELECT score, value, count(*) AS profiles
FROM (UNPIVOT insight.scores ON {scores} INTO NAME score VALUE value)
GROUP BY ALL
ORDER BY ALL
