-- The audiences of the last evaluation, the largest first, with who came and went in 7 and in 30 days: of themselves, and
-- because a definition was new or changed.
WITH
moves AS (
    SELECT
        audience,
        count(*) FILTER (entered_at > $week_ago::TIMESTAMP AND entered_because = 'person') AS entered_week,
        count(*) FILTER (left_at > $week_ago::TIMESTAMP AND left_because <> 'definition') AS left_week,
        count(*) FILTER (entered_at > $week_ago::TIMESTAMP AND entered_because = 'definition') AS let_in_week,
        count(*) FILTER (left_at > $week_ago::TIMESTAMP AND left_because = 'definition') AS put_out_week,
        count(*) FILTER (entered_at > $month_ago::TIMESTAMP AND entered_because = 'person') AS entered_month,
        count(*) FILTER (left_at > $month_ago::TIMESTAMP AND left_because <> 'definition') AS left_month,
        count(*) FILTER (entered_at > $month_ago::TIMESTAMP AND entered_because = 'definition') AS let_in_month,
        count(*) FILTER (left_at > $month_ago::TIMESTAMP AND left_because = 'definition') AS put_out_month
    FROM insight.audience_members
    GROUP BY audience
)

SELECT
    audience,
    audiences.description,
    audiences.condition,
    audiences.members,
    coalesce(audiences.members / nullif(profiles.count, 0), 0) AS share,
    audiences.evaluated_at,
    coalesce(COLUMNS(moves.* EXCLUDE (audience)), 0)
FROM insight.audiences AS audiences
CROSS JOIN (SELECT count(*) AS count FROM profiles.profiles) AS profiles
LEFT JOIN moves USING (audience)
ORDER BY audiences.members DESC, audience
