INSERT INTO profiles.fuzzy_links (kind, value, other_kind, other_value, probability, pending)
SELECT kind, value, other_kind, other_value, probability, pending
FROM listed_pairs
WHERE via = 'fuzzy'
