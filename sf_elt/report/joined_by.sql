-- Merges of profiles, and pairs linked or kept apart by hand, in one row.
SELECT
    (SELECT count(*) FROM profiles.aliases) AS merged,
    (SELECT count(*) FROM profiles.aliases WHERE merged_at > $week_ago::TIMESTAMP) AS merged_week,
    (SELECT count(*) FROM profiles.aliases WHERE merged_at > $month_ago::TIMESTAMP) AS merged_month,
    (SELECT count(*) FROM profiles.manual_links WHERE NOT apart) AS linked,
    (SELECT count(*) FROM profiles.manual_links WHERE apart) AS kept_apart,
    (SELECT count(*) FROM profiles.manual_links WHERE pending) AS pending
