-- Of each kind of identifiers: how many there are, how many profiles hold any, and how many of those more than one.
SELECT
    kind,
    sum(identifiers)::BIGINT AS identifiers,
    count(*) AS profiles,
    count(*) FILTER (identifiers > 1) AS with_several
FROM (SELECT kind, profile_id, count(*) AS identifiers FROM profiles.identifiers GROUP BY kind, profile_id)
GROUP BY kind
ORDER BY profiles DESC, kind
