-- The topics that most people have read about, and how many of those are interested in them by more than one half.
SELECT topic, count(*) AS people, count(*) FILTER (affinity > 0.5) AS interested
FROM insight.affinities
GROUP BY topic
ORDER BY people DESC, interested DESC, topic
LIMIT $most
