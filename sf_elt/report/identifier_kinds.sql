SELECT kind, count(*) AS identifiers, count(DISTINCT profile_id) AS profiles
FROM profiles.identifiers
GROUP BY kind
ORDER BY identifiers DESC, kind
