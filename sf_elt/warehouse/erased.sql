-- How what is erased is told apart: temporary macros of one connection. {inner} and {outer} are the key of the digests as
-- HMAC pads it, for the hash within and the hash around it.

CREATE OR REPLACE TEMP MACRO erased_digest(said) AS
    sha256({outer} || unhex(sha256({inner} || encode(said))));

-- A number of 20 bits, quicker than the digest: most values need no closer look.
CREATE OR REPLACE TEMP MACRO erased_bucket(said) AS
    (md5_number_lower({inner} || encode(said)) % 1048576)::INTEGER;

CREATE OR REPLACE TEMP MACRO may_be_erased(said) AS
    coalesce(get_bit(getvariable('erased_buckets'), erased_bucket(said)) = 1, false);

CREATE OR REPLACE TEMP MACRO is_erased(said) AS
    coalesce(list_contains(getvariable('erased_digests')[erased_bucket(said) % 1024 + 1], erased_digest(said)), false);

-- What a value says: a record by the 15 characters that both forms of its Id begin with, an address in small letters,
-- any other identifier with the stream and field that it stands in.
CREATE OR REPLACE TEMP MACRO bare(v) AS
    trim(v, ' ' || chr(9) || chr(10) || chr(11) || chr(12) || chr(13) || chr(160) || chr(8203) || chr(65279));

CREATE OR REPLACE TEMP MACRO said_record(v) AS 'record:' || left(bare(v), 15);
CREATE OR REPLACE TEMP MACRO said_email(v) AS 'email:' || lower(bare(v));
CREATE OR REPLACE TEMP MACRO said_value(place, v) AS place || ':' || bare(v);

-- What several columns say together, of which one may say nothing: apart by characters that no text has.
CREATE OR REPLACE TEMP MACRO said_together(place, texts) AS
    place || ':' || array_to_string(list_transform(texts, LAMBDA each: coalesce(bare(each), chr(30))), chr(31));

-- Of a phone the digits and a +, without an extension: however it is divided, it is the same one.
CREATE OR REPLACE TEMP MACRO said_phone(place, v) AS
    place || ':phone:' || regexp_replace(regexp_replace(lower(v), '(;ext|ext|x|#).*$', ''), '[^0-9+]', '', 'g');

-- Whether a text may name somebody at all, and the addresses and records that it names: alone, among other words, in
-- JSON or in the address of a page.
CREATE OR REPLACE TEMP MACRO may_name(v) AS
    contains(v, '@') OR contains(v, '%40'){or_names_record};

CREATE OR REPLACE TEMP MACRO said_in(v) AS
    [said_email(v)]
    || list_transform(
        regexp_extract_all(
            replace(v, '%40', '@'),
            '[^\s@,;:<>()\[\]{{}}\\"/?=&|!#]+@[^\s@,;:<>()\[\]{{}}\\"/?=&|!#]+'
        ),
        LAMBDA address: said_email(trim(address, '.''*_'))
    )
    || list_transform(
        regexp_extract_all(replace(v, '_', ' '), '\b[0-9A-Za-z]{{15}}(?:[0-9A-Za-z]{{3}})?\b'),
        LAMBDA record: said_record(record)
    );

-- Most texts are just an Id or just an address, and need not be searched.
CREATE OR REPLACE TEMP MACRO may_name_erased(v) AS
    CASE
        WHEN NOT may_name(v) THEN false
        WHEN regexp_full_match(v, '[0-9A-Za-z]{{15}}(?:[0-9A-Za-z]{{3}})?') THEN may_be_erased(said_record(v))
        WHEN
            regexp_full_match(v, '[0-9A-Za-z][0-9A-Za-z._+-]*@[0-9A-Za-z.-]*[0-9A-Za-z]')
            AND NOT (false{or_names_record})
            THEN may_be_erased(said_email(v))
        ELSE list_bool_or(list_transform(said_in(v), LAMBDA each: may_be_erased(each)))
    END;

CREATE OR REPLACE TEMP MACRO names_erased(v) AS
    CASE WHEN may_name(v) THEN list_bool_or(list_transform(said_in(v), LAMBDA each: is_erased(each))) ELSE false END;
