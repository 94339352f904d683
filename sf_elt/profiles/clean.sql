-- How values are cleaned and judged; macros of one connection.

CREATE OR REPLACE TEMP MACRO strip_space(v) AS
    trim(v, ' ' || chr(9) || chr(10) || chr(11) || chr(12) || chr(13) || chr(160) || chr(8203) || chr(65279));

CREATE OR REPLACE TEMP MACRO clean_email(v) AS lower(strip_space(v));

-- Shape only: one @, something before it, a domain of at least two labels after it.
CREATE OR REPLACE TEMP MACRO is_email(v) AS
    len(v) <= 254
    AND regexp_full_match(v, '[^\s@,;:<>()\[\]\\"]+@[^\s@.,;:<>()\[\]\\"]+(\.[^\s@.,;:<>()\[\]\\"]+)+');

CREATE OR REPLACE TEMP MACRO clean_emaildomain(v) AS
    CASE WHEN is_email(clean_email(v)) THEN split_part(clean_email(v), '@', 2) END;

-- What precedes the @, without a +tag.
CREATE OR REPLACE TEMP MACRO mailbox(v) AS split_part(split_part(v, '@', 1), '+', 1);

-- One letter that says which of five characters are capitals: the lowest bit is the first character.
CREATE OR REPLACE TEMP MACRO id_checksum(five) AS
    substr(
        'ABCDEFGHIJKLMNOPQRSTUVWXYZ012345',
        (
            1
            + (substr(five, 1, 1) BETWEEN 'A' AND 'Z')::INTEGER
            + (substr(five, 2, 1) BETWEEN 'A' AND 'Z')::INTEGER * 2
            + (substr(five, 3, 1) BETWEEN 'A' AND 'Z')::INTEGER * 4
            + (substr(five, 4, 1) BETWEEN 'A' AND 'Z')::INTEGER * 8
            + (substr(five, 5, 1) BETWEEN 'A' AND 'Z')::INTEGER * 16
        ),
        1
    );

-- An Id of 15 characters becomes the same Id of 18; anything else stays as it is.
CREATE OR REPLACE TEMP MACRO clean_id18(v) AS
    CASE
        WHEN len(strip_space(v)) = 15
            THEN strip_space(v)
                || id_checksum(substr(strip_space(v), 1, 5))
                || id_checksum(substr(strip_space(v), 6, 5))
                || id_checksum(substr(strip_space(v), 11, 5))
        ELSE strip_space(v)
    END;

CREATE OR REPLACE TEMP MACRO is_well_formed(v, clean) AS
    CASE clean
        WHEN 'email' THEN is_email(v)
        WHEN 'id18' THEN regexp_full_match(v, '[A-Za-z0-9]{18}')
        ELSE true
    END;
