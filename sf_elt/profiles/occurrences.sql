-- Every identifier that a row carries, with its 128-bit key, and the guard that refuses it, if one does.
CREATE OR REPLACE TEMP TABLE occurrences AS
WITH candidates AS (
    {candidates}
),

judged AS (
    SELECT
        candidates.*,
        kinds.kind,
        CASE
            WHEN strip_space(value) = '' THEN 'blank'
            WHEN NOT is_well_formed(value, kinds.clean) THEN 'malformed'
            WHEN kinds.clean = 'email' AND list_contains($role_mailboxes, mailbox(value)) THEN 'role mailbox'
            WHEN list_contains(kinds.never_join, lower(value)) THEN 'never joins'
        END AS rule
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
    md5_number(concat(kind_number, ':', value)) AS key
FROM judged
