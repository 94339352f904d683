-- Each link by hand, and each fuzzy link, is a row that carries both identifiers, and that makes no profile live.
INSERT INTO occurrences BY NAME
SELECT
    $stream_number::USMALLINT + (via = 'fuzzy')::UTINYINT AS stream_number,
    $offset::BIGINT + number AS record,
    record_id,
    false AS alive,
    kind_number,
    each.value,
    via,
    each.key
FROM (
    SELECT number, record_id, via, kind, value, key
    FROM listed_pairs
    WHERE NOT apart AND NOT pending
    UNION ALL
    SELECT number, record_id, via, other_kind, other_value, other_key
    FROM listed_pairs
    WHERE NOT apart AND NOT pending
) AS each
JOIN kinds USING (kind)
