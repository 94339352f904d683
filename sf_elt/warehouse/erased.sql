-- How what is erased is told apart: temporary macros of one connection. {inner} and {outer} are the key of the digests as
-- HMAC pads it, for the hash within and the hash around it.

CREATE OR REPLACE TEMP MACRO erased_digest(said) AS
    sha256({outer} || unhex(sha256({inner} || encode(said))));

-- A number below 65,536, quicker than the digest: most values need no closer look.
CREATE OR REPLACE TEMP MACRO erased_bucket(said) AS
    (md5_number_lower({inner} || encode(said)) % 65536)::INTEGER;

CREATE OR REPLACE TEMP MACRO may_be_erased(said) AS
    coalesce(get_bit(getvariable('erased_buckets'), erased_bucket(said)) = 1, false);

CREATE OR REPLACE TEMP MACRO is_erased(said) AS
    coalesce(list_contains(getvariable('erased_digests'), erased_digest(said)), false);

-- What a value says: a record by the 15 characters that both forms of its Id begin with, an address in small letters,
-- any other identifier with the stream and field that it stands in.
CREATE OR REPLACE TEMP MACRO bare(v) AS
    trim(v, ' ' || chr(9) || chr(10) || chr(11) || chr(12) || chr(13) || chr(160) || chr(8203) || chr(65279));

CREATE OR REPLACE TEMP MACRO said_record(v) AS 'record:' || left(bare(v), 15);
CREATE OR REPLACE TEMP MACRO said_email(v) AS 'email:' || lower(bare(v));
CREATE OR REPLACE TEMP MACRO said_value(place, v) AS place || ':' || bare(v);

-- The addresses and records that a text names, among other words, in JSON or in the address of a page.
CREATE OR REPLACE TEMP MACRO said_in(v) AS
    list_concat(
        CASE
            WHEN contains(v, '@') OR contains(v, '%40')
                THEN [said_email(v)] || list_transform(
                    regexp_extract_all(
                        replace(v, '%40', '@'),
                        '[^\s@,;:<>()\[\]{{}}\\"/?=&|!#]+@[^\s@,;:<>()\[\]{{}}\\"/?=&|!#]+'
                    ),
                    LAMBDA address: said_email(trim(address, '.''*_'))
                )
        END,
        CASE
            WHEN {names_record}
                THEN list_transform(
                    regexp_extract_all(v, '\b[0-9A-Za-z]{{15}}(?:[0-9A-Za-z]{{3}})?\b'),
                    LAMBDA record: said_record(record)
                )
        END
    );
