-- The rows that make the person, but those of things that belong to many.
SELECT DISTINCT stream, record_id
FROM own_links
WHERE stream IN (SELECT unnest($streams)) AND left(record_id, 3) NOT IN (SELECT unnest($of_many))
