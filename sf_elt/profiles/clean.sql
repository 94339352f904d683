-- How values are cleaned and judged; macros of one connection.

-- Trimming takes three times as long as looking whether there is anything to trim.
CREATE OR REPLACE TEMP MACRO strip_space(v) AS
    CASE
        WHEN left(v, 1) BETWEEN '!' AND '~' AND right(v, 1) BETWEEN '!' AND '~' THEN v
        ELSE trim(v, ' ' || chr(9) || chr(10) || chr(11) || chr(12) || chr(13) || chr(160) || chr(8203) || chr(65279))
    END;

-- Nothing but white space. Most values begin with a visible character, which is seen without a look at the rest.
CREATE OR REPLACE TEMP MACRO is_blank(v) AS NOT (v >= '!' AND v < chr(127)) AND strip_space(v) = '';

CREATE OR REPLACE TEMP MACRO clean_email(v) AS lower(strip_space(v));

-- Shape only: one @, something before it, a domain of at least two labels after it.
CREATE OR REPLACE TEMP MACRO is_email(v) AS
    len(v) <= 254
    AND regexp_full_match(v, '[^\s@,;:<>()\[\]\\"]+@[^\s@.,;:<>()\[\]\\"]+(\.[^\s@.,;:<>()\[\]\\"]+)+');

CREATE OR REPLACE TEMP MACRO clean_emaildomain(v) AS
    CASE WHEN is_email(clean_email(v)) THEN split_part(clean_email(v), '@', 2) END;

-- A phone without what people put between its digits. Where it holds more than that, the text as it is.
CREATE OR REPLACE TEMP MACRO dialled(v) AS
    CASE
        WHEN regexp_full_match(strip_space(v), '\+?[0-9() .\-]*[0-9][0-9() .\-]*')
            THEN regexp_replace(v, '[^0-9+]', '', 'g')
        ELSE nullif(strip_space(v), '')
    END;

-- The phone in E.164, or null where it is none: phone_numbers holds what the library phonenumbers makes of each.
CREATE OR REPLACE TEMP TABLE phone_numbers (region VARCHAR, written VARCHAR, e164 VARCHAR);

CREATE OR REPLACE TEMP MACRO read_phone(v, of_region) AS (
    SELECT phone_numbers.e164
    FROM phone_numbers
    WHERE phone_numbers.region = of_region AND phone_numbers.written = dialled(v)
);

-- A moment as ISO 8601 or as milliseconds since 1970 say it, in UTC, or null where it is none. Of eight digits and
-- fewer nobody knows which of the two they are.
CREATE OR REPLACE TEMP MACRO read_epoch_ms(v) AS
    CASE WHEN v BETWEEN -62135596800000 AND 253402300799999 THEN epoch_ms(v::BIGINT) END;

CREATE OR REPLACE TEMP MACRO read_iso_date(v) AS
    CASE
        WHEN NOT regexp_matches(v, '^\d{4}-\d\d-\d\d') THEN NULL
        WHEN regexp_matches(v, '\d[T ]\d.*(Z|[+-]\d\d(:?\d\d)?)$')
            THEN TRY_CAST(v AS TIMESTAMP WITH TIME ZONE) AT TIME ZONE 'UTC'
        WHEN NOT regexp_matches(v, '[A-SU-Za-z]') THEN TRY_CAST(v AS TIMESTAMP)  -- which would pass over a zone's name
    END;

CREATE OR REPLACE TEMP MACRO read_date(v) AS
    CASE
        WHEN regexp_full_match(strip_space(v), '-?\d{9,15}') THEN read_epoch_ms(TRY_CAST(strip_space(v) AS BIGINT))
        ELSE read_iso_date(strip_space(v))
    END;

-- A JSON object's members, or null where the text is none.
CREATE OR REPLACE TEMP MACRO read_map(v) AS
    CASE WHEN left(strip_space(v), 1) = '{' THEN TRY(CAST(TRY_CAST(v AS JSON) AS MAP(VARCHAR, VARCHAR))) END;

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
