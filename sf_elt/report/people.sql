-- All profiles in one row. `with_email` is null where the mapping fills no email.
SELECT
    count(*) AS profiles,
    {with_email} AS with_email,
    count(*) FILTER (created_at > $week_ago::TIMESTAMP) AS new_this_week,
    min(created_at) AS first_built_at
FROM profiles.profiles
