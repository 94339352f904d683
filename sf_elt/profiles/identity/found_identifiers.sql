-- Each identifier once, with the component that it is in: the smallest record number there.
CREATE OR REPLACE TEMP TABLE found_identifiers AS
SELECT
    kinds.kind,
    occurrences.value,
    coalesce(shared.alive, occurrences.alive) AS alive,
    coalesce(joined_records.component, occurrences.record) AS component
FROM occurrences
LEFT JOIN shared_keys AS shared ON shared.key = occurrences.key
LEFT JOIN joined_records ON joined_records.record = occurrences.record
JOIN kinds USING (kind_number)
WHERE shared.key IS NULL OR shared.first_row = occurrences.rowid
