-- Of each score: how many people are in each of ten ranges of equal width; 100 belongs to the last.
SELECT score, least(value // 10, 9)::INTEGER AS range, count(*) AS people
FROM (UNPIVOT insight.scores ON {scores} INTO NAME score VALUE value)
GROUP BY ALL
