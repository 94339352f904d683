-- How many profiles hold how many identifiers.
SELECT identifiers, count(*) AS profiles
FROM (SELECT count(*) AS identifiers FROM profiles.identifiers GROUP BY profile_id)
GROUP BY identifiers
ORDER BY identifiers
