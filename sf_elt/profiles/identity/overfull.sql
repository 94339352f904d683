-- The links of all components that hold more identifiers of a kind than a profile may, or two identifiers that are kept
-- apart by hand, in the order in which they are tried: links by hand; a record's own Id; then each identifier to one of
-- the living records that carry it, so that none is left without a profile; then merges and conversions; then
-- identifiers by how many rows carry them; fuzzy links, the more probable ones first.
WITH sizes AS (
    SELECT component, count(*) + 1 AS rows
    FROM joined_records
    GROUP BY component
),

held AS (
    SELECT DISTINCT coalesce(joined_records.component, record) AS component, kind_number, key
    FROM occurrences
    JOIN maxima USING (kind_number)
    LEFT JOIN joined_records USING (record)
    LEFT JOIN sizes ON sizes.component = coalesce(joined_records.component, record)
    WHERE coalesce(sizes.rows, 1) >= maxima.least_rows
),

kept_apart AS (
    SELECT key, any_value(coalesce(component, record)) AS component
    FROM occurrences
    LEFT JOIN joined_records USING (record)
    WHERE
        key IN (SELECT key FROM listed_pairs WHERE apart)
        OR key IN (SELECT other_key FROM listed_pairs WHERE apart)
    GROUP BY key
),

overfull AS (
    SELECT component
    FROM held
    JOIN maxima USING (kind_number)
    GROUP BY component, kind_number, maximum
    HAVING count(*) > maximum
    UNION
    SELECT one.component
    FROM listed_pairs AS pair
    JOIN kept_apart AS one USING (key)
    JOIN kept_apart AS another ON another.key = pair.other_key
    WHERE pair.apart AND one.component = another.component
),

fuzzy AS (
    SELECT record_id AS pair, probability
    FROM listed_pairs
    WHERE via = 'fuzzy'
),

links AS (
    SELECT
        occurrences.*,
        kinds.kind,
        fuzzy.probability,
        via = 'manual link' AS by_hand,
        via = 'fuzzy' AS is_fuzzy,
        value IS NOT DISTINCT FROM record_id AS is_own_id,
        count(DISTINCT record) FILTER (via NOT IN ('manual link', 'fuzzy')) OVER (PARTITION BY key) AS carried_by,
        -- Rows of one record are told apart by what else they carry, never by their numbers.
        list(key) OVER (
            PARTITION BY record ORDER BY key ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
        ) AS keys_of_row
    FROM occurrences
    JOIN kinds USING (kind_number)
    LEFT JOIN joined_records USING (record)
    LEFT JOIN fuzzy ON occurrences.via = 'fuzzy' AND fuzzy.pair = occurrences.record_id
    WHERE coalesce(component, record) IN (FROM overfull)
),

named AS (
    SELECT
        *,
        bool_or(via <> 'identifier' AND NOT by_hand AND NOT is_fuzzy AND NOT is_own_id)
            OVER (PARTITION BY key) AS is_named_by_another
    FROM links
),

-- A merged or converted record, which belongs to another one for certain, gives way to others that carry the same.
ranked AS (
    SELECT *, bool_or(is_named_by_another) OVER (PARTITION BY record) AS belongs_to_another
    FROM named
),

homed AS (
    SELECT
        *,
        alive
        AND row_number() OVER (
            PARTITION BY key
            ORDER BY NOT alive, NOT is_own_id, belongs_to_another, stream_number, record_id, via, keys_of_row
        ) = 1 AS is_home
    FROM ranked
)

SELECT record, kind_number, key::VARCHAR AS key, by_hand
FROM homed
ORDER BY
    NOT by_hand,
    is_fuzzy,
    probability DESC,
    NOT is_own_id,
    NOT is_home,
    via = 'identifier',
    carried_by,
    kind,
    value,
    stream_number,
    record_id,
    via,
    key,
    keys_of_row
