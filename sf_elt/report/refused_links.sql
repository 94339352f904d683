SELECT rule, kind, count(*) AS links
FROM profiles.refused_links
GROUP BY ALL
ORDER BY links DESC, rule, kind
