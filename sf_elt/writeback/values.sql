-- How a value of a profile becomes the JSON of a Salesforce field, and what is wrong with it where it cannot.
-- `content` is the value as text; `target` is the field as the org describes it (see targets.py).

CREATE OR REPLACE TEMP MACRO id18(id) AS
    CASE
        WHEN length(id) = 15 THEN
            id || array_to_string([
                'ABCDEFGHIJKLMNOPQRSTUVWXYZ012345'[
                    1 + list_sum([
                        CASE WHEN id[chunk * 5 + place + 1] BETWEEN 'A' AND 'Z' THEN 1 << place ELSE 0 END
                        FOR place IN range(5)
                    ])::INTEGER
                ]
                FOR chunk IN range(3)
            ], '')
        ELSE id
    END;

-- A text as Salesforce keeps it.
CREATE OR REPLACE TEMP MACRO kept_text(content) AS
    trim(content, ' ' || chr(9) || chr(10) || chr(11) || chr(12) || chr(13));

CREATE OR REPLACE TEMP MACRO number_value(content) AS
    CASE WHEN isfinite(TRY_CAST(content AS DOUBLE)) THEN TRY_CAST(content AS DOUBLE) END;

CREATE OR REPLACE TEMP MACRO date_value(content) AS
    CASE WHEN year(TRY_CAST(content AS DATE)) BETWEEN 1700 AND 4000 THEN TRY_CAST(content AS DATE) END;

-- A content that is no value, but says why there is none: it begins with U+001F, which no value does.
CREATE OR REPLACE TEMP MACRO refusal(code, message) AS chr(31) || code || chr(31) || message;

-- A list as the choices of a multi-select picklist, in which a semicolon ends each.
CREATE OR REPLACE TEMP MACRO choices(items, field) AS
    CASE
        WHEN contains(array_to_string(items, ''), ';') THEN refusal(
            'CHOICE_WITH_SEMICOLON',
            format(
                '{}: a choice of a multi-select picklist cannot contain a semicolon: {}',
                field, [each FOR each IN items IF contains(each, ';')][1][:200]
            )
        )
        ELSE array_to_string(items, ';')
    END;

-- A list as the Id that a field takes: of one record, or none.
CREATE OR REPLACE TEMP MACRO one_id(items, field) AS
    CASE
        WHEN len(list_distinct(items)) > 1 THEN refusal(
            'SEVERAL_IDS',
            format(
                '{} takes one Id and not {}: {}', field, len(list_distinct(items)),
                array_to_string(list_sort(list_distinct(items)), ', ')[:200]
            )
        )
        ELSE array_to_string(items[:1], '')
    END;

-- The field's value as JSON text, 'null' for an empty one; NULL where the field cannot take it.
CREATE OR REPLACE TEMP MACRO json_value(content, target) AS
    CASE
        WHEN coalesce(content, '') = '' THEN 'null'
        WHEN content[1] = chr(31) THEN NULL
        WHEN target.type = 'boolean' THEN
            CASE
                WHEN lower(trim(content)) IN ('true', 'yes', '1') THEN 'true'
                WHEN lower(trim(content)) IN ('false', 'no', '0') THEN 'false'
            END
        WHEN target.type IN ('int', 'long') THEN
            CASE
                WHEN number_value(content) = trunc(number_value(content))
                    THEN TRY_CAST(number_value(content) AS BIGINT)::VARCHAR
            END
        WHEN target.type IN ('double', 'currency', 'percent') THEN
            to_json(number_value(content))::VARCHAR
        WHEN target.type = 'date' THEN '"' || date_value(content)::VARCHAR || '"'
        WHEN target.type = 'datetime' THEN
            CASE
                WHEN date_value(content) IS NOT NULL THEN
                    '"'
                    || strftime(TRY_CAST(content AS TIMESTAMPTZ) AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%S.000Z')
                    || '"'
            END
        WHEN target.type = 'reference' THEN
            CASE
                WHEN regexp_full_match(content, '[0-9A-Za-z]{15}([0-9A-Za-z]{3})?')
                    THEN to_json(id18(content))::VARCHAR
            END
        ELSE to_json(content)::VARCHAR
    END;

-- What the org would refuse: {code, message}, or NULL. The codes are Salesforce's own.
CREATE OR REPLACE TEMP MACRO problem(content, json, target) AS
    CASE
        WHEN content[1] = chr(31) THEN {
            'code': string_split(content, chr(31))[2],
            'message': string_split(content, chr(31))[3]
        }
        WHEN json IS NULL THEN {
            'code': 'INVALID_TYPE_ON_FIELD_IN_RECORD',
            'message': format(
                'cannot set *{}* field {} to *{}* ''{}''',
                target.type, target.field, target.source_type, content[:200]
            )
        }
        WHEN json = 'null' AND (NOT target.nillable OR target.is_needed) THEN {
            'code': 'REQUIRED_FIELD_MISSING',
            'message': format('Required fields are missing: [{}]', target.field)
        }
        WHEN target.max_length > 0 AND length(content) > target.max_length THEN {
            'code': 'STRING_TOO_LONG',
            'message': format(
                '{}: data value too large: {} characters (max length={})',
                target.field, length(content), target.max_length
            )
        }
        WHEN target.limit_below > 0 AND abs(number_value(content)) >= target.limit_below THEN {
            'code': 'NUMBER_OUTSIDE_VALID_RANGE',
            'message': format('{}: number outside of valid range: {}', target.field, content)
        }
        WHEN
            len(target.allowed) > 0 AND json <> 'null'
            AND NOT list_has_all(
                target.allowed,
                CASE WHEN target.type = 'multipicklist' THEN string_split(content, ';') ELSE [content] END
            )
            THEN {
                'code': 'INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST',
                'message': format(
                    '{}: bad value for restricted picklist field: {}', target.field, content[:200]
                )
            }
    END;

-- A list as one text of at most that many characters: what does not fit are its last items.
CREATE OR REPLACE TEMP MACRO fitted(items, separator, most) AS
    CASE
        WHEN length(array_to_string(items, separator)) <= most THEN array_to_string(items, separator)
        ELSE array_to_string(
            items[
                1:len([upto FOR upto IN range(1, len(items) + 1) IF length(array_to_string(items[1:upto], separator)) <= most])
            ],
            separator
        )
    END;
