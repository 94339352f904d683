-- The pairs of identifiers that are linked or kept apart by hand, with their keys; `number` counts them from 0. Fuzzy
-- links come besides.
CREATE OR REPLACE TEMP TABLE listed_pairs AS
SELECT
    arriving_pairs.*,
    identifier_key(one.kind_number, arriving_pairs.value) AS key,
    identifier_key(another.kind_number, arriving_pairs.other_value) AS other_key,
    false AS pending,
    'manual link' AS via,
    CAST(NULL AS DOUBLE) AS probability
FROM arriving_pairs
JOIN kinds AS one USING (kind)
JOIN kinds AS another ON another.kind = arriving_pairs.other_kind
