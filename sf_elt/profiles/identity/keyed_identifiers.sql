-- Each identifier that no guard refuses once, with the smallest record that carries it, and whether others do.
CREATE OR REPLACE TEMP TABLE keyed_identifiers AS
SELECT
    key,
    min(record) AS record,
    min(record) < max(record) AS is_shared,
    any_value(kind_number) AS kind_number,
    any_value(value) AS value,
    bool_or(alive) AS alive
FROM occurrences
WHERE rule IS NULL
GROUP BY key
