-- The fuzzy pairs that are probable enough come after the pairs by hand; what is linked by hand needs no fuzzy link.
INSERT INTO listed_pairs BY NAME
WITH probable AS (
    SELECT kind, value, other_kind, other_value, probability
    FROM profiles.fuzzy_pairs
    ANTI JOIN (FROM listed_pairs WHERE NOT apart) AS by_hand USING (kind, value, other_kind, other_value)
    WHERE probability >= $threshold
)

SELECT
    (SELECT count(*) FROM listed_pairs) + row_number() OVER (ORDER BY kind, value, other_kind, other_value) - 1 AS number,
    concat(
        '[{', to_json(kind), ': ', to_json(value), '}, {', to_json(other_kind), ': ', to_json(other_value), '}]'
    ) AS record_id,
    kind,
    value,
    other_kind,
    other_value,
    false AS apart,
    identifier_key(one.kind_number, value) AS key,
    identifier_key(another.kind_number, other_value) AS other_key,
    false AS pending,
    'fuzzy' AS via,
    probability
FROM probable
JOIN kinds AS one USING (kind)
JOIN kinds AS another ON another.kind = probable.other_kind
