-- Macros of one connection, and what the guards say about each kind of identifier.

-- The guard that keeps a cleaned value from joining rows, or null.
CREATE OR REPLACE TEMP MACRO refusing_rule(v, clean, never_join, role_mailboxes) AS
    CASE
        WHEN strip_space(v) = '' THEN 'blank'
        WHEN NOT is_well_formed(v, clean) THEN 'malformed'
        WHEN clean = 'email' AND list_contains(role_mailboxes, mailbox(v)) THEN 'role mailbox'
        WHEN list_contains(never_join, lower(v)) THEN 'never joins'
    END;

-- Whether a link was refused for what else its group holds, and not for what it is by itself.
CREATE OR REPLACE TEMP MACRO depends_on_group(rule) AS rule IN ('max_per_kind', 'manual unlink');

-- An identifier as a number of 128 bits.
CREATE OR REPLACE TEMP MACRO identifier_key(kind_number, v) AS md5_number(concat(kind_number, ':', v));

CREATE OR REPLACE TEMP TABLE kinds
(kind_number INTEGER, kind VARCHAR, clean VARCHAR, maximum BIGINT, never_join VARCHAR[]);
