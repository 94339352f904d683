WITH moves AS (
    SELECT
        audience,
        count(*) FILTER (entered_because = 'person' AND entered_at >= $since::TIMESTAMP) AS entered,
        count(*) FILTER (left_because <> 'definition' AND left_at >= $since::TIMESTAMP) AS gone
    FROM insight.audience_members
    GROUP BY audience
)

SELECT
    audience,
    audiences.description,
    audiences.condition,
    audiences.members,
    coalesce(audiences.members / nullif(profiles.count, 0), 0) AS share,
    coalesce(moves.entered, 0) AS entered,
    coalesce(moves.gone, 0) AS gone,
    audiences.evaluated_at
FROM insight.audiences AS audiences
CROSS JOIN (SELECT count(*) AS count FROM profiles.profiles) AS profiles
LEFT JOIN moves USING (audience)
ORDER BY audience
