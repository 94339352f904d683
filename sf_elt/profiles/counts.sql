SELECT
    (SELECT count(*) FROM profiles.profiles) AS profiles,
    (SELECT count(*) FROM profiles.identifiers) AS identifiers,
    (SELECT count(*) FROM profiles.refused_links) AS refused_links,
    (SELECT count(*) FROM claims WHERE profile_id <> kept_id) AS merged,
    (SELECT count(*) FROM profiles.manual_links WHERE NOT apart) AS manual_links,
    (SELECT count(*) FROM profiles.manual_links WHERE apart) AS manual_unlinks,
    (SELECT count(*) FROM profiles.manual_links WHERE pending) AS manual_pending,
    (SELECT count(*) FROM profiles.fuzzy_links WHERE NOT pending) AS fuzzy_links,
    (SELECT count(*) FROM component_profiles) AS profiles_rebuilt
