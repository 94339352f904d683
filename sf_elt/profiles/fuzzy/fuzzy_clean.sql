-- How compared values are written alike; macros of one connection. What says nothing is null.

CREATE OR REPLACE TEMP MACRO alike_name(v) AS
    nullif(trim(regexp_replace(strip_accents(lower(v)), '[^\p{L}\p{N}]+', ' ', 'g')), '');

-- Without the words of its legal form, unless it has no others.
CREATE OR REPLACE TEMP MACRO alike_company(v) AS
    coalesce(
        nullif(
            trim(
                regexp_replace(
                    alike_name(v),
                    '\b(inc|incorporated|corp|corporation|co|company|ltd|limited|llc|llp|plc|gmbh|ag|kg|se|sa|sas|sarl|srl'
                    || '|spa|bv|nv|ab|as|oy|aps|pty)\b *',
                    '',
                    'g'
                )
            ),
            ''
        ),
        alike_name(v)
    );

CREATE OR REPLACE TEMP MACRO alike_postal_code(v) AS nullif(regexp_replace(upper(v), '[^A-Z0-9]', '', 'g'), '');

CREATE OR REPLACE TEMP MACRO alike_exact(v) AS nullif(lower(strip_space(v)), '');
