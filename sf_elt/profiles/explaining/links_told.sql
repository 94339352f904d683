-- The links of the first $most rows of the profile, or of all where that is null.
SELECT stream, record_id, kind, value, via
FROM (SELECT *, dense_rank() OVER (ORDER BY stream, record_id) AS place FROM profile_links)
WHERE $most::BIGINT IS NULL OR place <= $most
ORDER BY ALL
