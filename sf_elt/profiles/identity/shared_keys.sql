-- Each identifier that occurs more than once, with the smallest record that carries it.
CREATE OR REPLACE TEMP TABLE shared_keys AS
SELECT key, min(record) AS record, min(rowid) AS first_row, bool_or(alive) AS alive
FROM occurrences
GROUP BY key
HAVING count(*) > 1
