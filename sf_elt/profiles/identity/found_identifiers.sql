-- Each identifier once, with the component that it is in: the smallest record number there.
CREATE OR REPLACE TEMP TABLE found_identifiers AS
SELECT kinds.kind, value, alive, coalesce(component, record) AS component
FROM keyed_identifiers
JOIN kinds USING (kind_number)
LEFT JOIN joined_records USING (record)
