-- Every identifier that a row carries, with its 128-bit key, and the guard that refuses it, if one does.
CREATE OR REPLACE TEMP TABLE occurrences AS
WITH candidates AS (
    {candidates}
),

judged AS (
    SELECT
        candidates.*,
        kinds.kind,
        refusing_rule(value, kinds.clean, kinds.never_join, $role_mailboxes) AS rule
    FROM candidates
    JOIN kinds USING (kind_number)
    WHERE value IS NOT NULL
)

SELECT
    *,
    CASE rule
        WHEN 'blank' THEN 'there is nothing but white space'
        WHEN 'malformed' THEN format('this is no {}', kind)
        WHEN 'role mailbox' THEN format('{}@ is the mailbox of a role and not of a person', mailbox(value))
        WHEN 'never joins' THEN 'the guards name this value'
    END AS detail,
    identifier_key(kind_number, value) AS key
FROM judged
