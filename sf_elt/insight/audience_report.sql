SELECT
    audience,
    coalesce(members, 0) AS members,
    coalesce(entered, 0) AS entered,
    coalesce(gone, 0) AS gone,
    coalesce(by_definition, 0) AS by_definition
FROM (FROM defined SELECT audience, position)
FULL JOIN (
    SELECT
        audience,
        count(*) FILTER (enters) AS entered,
        count(*) FILTER (NOT enters) AS gone,
        count(*) FILTER (because = 'definition') AS by_definition
    FROM moves
    GROUP BY audience
) USING (audience)
LEFT JOIN (SELECT audience, count(*) AS members FROM current_members GROUP BY audience) USING (audience)
ORDER BY position NULLS LAST, audience
