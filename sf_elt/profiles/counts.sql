SELECT
    (SELECT count(*) FROM profiles.profiles) AS profiles,
    (SELECT count(*) FROM profiles.identifiers) AS identifiers,
    (SELECT count(*) FROM profiles.refused_links) AS refused_links,
    (SELECT count(*) FROM claims WHERE profile_id <> kept_id) AS merged
