INSERT INTO profiles.manual_links (kind, value, other_kind, other_value, apart, pending)
SELECT kind, value, other_kind, other_value, apart, pending
FROM listed_pairs
WHERE via = 'manual link'
