-- The identifiers that a guard refuses, with what it says: those join nothing.
CREATE OR REPLACE TEMP TABLE refused_occurrences AS
SELECT
    stream_number,
    record_id,
    kind,
    value,
    rule,
    CASE rule
        WHEN 'blank' THEN 'there is nothing but white space'
        WHEN 'malformed' THEN format('this is no {}', kind)
        WHEN 'role mailbox' THEN format('{}@ is the mailbox of a role and not of a person', mailbox(value))
        WHEN 'never joins' THEN 'the guards name this value'
    END AS detail
FROM occurrences
JOIN kinds USING (kind_number)
WHERE rule IS NOT NULL;

DELETE FROM occurrences WHERE rule IS NOT NULL
