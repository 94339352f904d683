-- The pairs of identifiers that are linked or kept apart by hand, with their keys; `number` counts them from 0.
CREATE OR REPLACE TEMP TABLE listed_pairs AS
SELECT
    arriving_pairs.*,
    identifier_key(one.kind_number, arriving_pairs.value) AS key,
    identifier_key(another.kind_number, arriving_pairs.other_value) AS other_key,
    false AS pending
FROM arriving_pairs
JOIN kinds AS one USING (kind)
JOIN kinds AS another ON another.kind = arriving_pairs.other_kind
