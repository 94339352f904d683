-- The guards that refuse every link by a value.
SELECT DISTINCT rule
FROM profiles.refused_links
WHERE value IN ($asked, clean_email($asked), clean_id18($asked))
ORDER BY rule
