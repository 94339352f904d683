-- Each pair of identifiers once: where two pairs of records have the same, the more probable one.
INSERT INTO profiles.fuzzy_pairs BY NAME
SELECT *, $now::TIMESTAMP AS computed_at
FROM arriving_pairs
QUALIFY
    row_number() OVER (
        PARTITION BY kind, value, other_kind, other_value
        ORDER BY probability DESC, stream, record_id, other_stream, other_record_id
    ) = 1
