-- Macros of one connection, and what the guards say about each kind of identifier.

-- The guard that keeps a cleaned value from joining rows, or null.
CREATE OR REPLACE TEMP MACRO refusing_rule(v, clean, never_join) AS
    CASE
        WHEN is_blank(v) THEN 'blank'
        WHEN NOT is_well_formed(v, clean) THEN 'malformed'
        WHEN clean = 'email' AND regexp_matches(v, {role_mailbox}) THEN 'role mailbox'
        WHEN list_contains(never_join, lower(v)) THEN 'never joins'
    END;

CREATE OR REPLACE TEMP MACRO refusing_rule_of_phone(v, never_join) AS
    CASE
        WHEN is_blank(v) THEN 'blank'
        WHEN v NOT IN (SELECT e164 FROM phone_numbers WHERE e164 IS NOT NULL) THEN 'malformed'
        WHEN list_contains(never_join, v) THEN 'never joins'
    END;

-- Whether a link was refused for what else its group holds, and not for what it is by itself.
CREATE OR REPLACE TEMP MACRO depends_on_group(rule) AS rule IN ('max_per_kind', 'manual unlink');

-- An identifier as a number of 128 bits. Equal values of two kinds differ in the last bits: faster than longer texts.
CREATE OR REPLACE TEMP MACRO identifier_key(kind_number, v) AS xor(md5_number(v), kind_number::UHUGEINT);

CREATE OR REPLACE TEMP TABLE kinds
(kind_number USMALLINT, kind VARCHAR, never_join VARCHAR[]);
