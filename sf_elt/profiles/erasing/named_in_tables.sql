-- Whether a text names the person that is looked for: macros of one connection. The texts are variables of it.

-- Ids of records and of the profile wherever they stand, addresses in any letter case; no part of a longer address.
CREATE OR REPLACE TEMP MACRO names_who(v) AS
    coalesce(
        list_contains(getvariable('person_whole'), lower(trim(v)))
        OR list_bool_or(list_transform(getvariable('person_ids'), LAMBDA each: contains(v, each)))
        OR list_bool_or(
            list_transform(
                getvariable('person_addresses'),
                LAMBDA each: CASE
                    WHEN contains(lower(v), each)
                        THEN regexp_matches(
                            regexp_replace(lower(v), '\\[bfnrt]', ' ', 'g'),
                            '(^|[^0-9a-z._%+-])' || regexp_escape(each) || '($|[^0-9a-z.-]|[.-]($|[^0-9a-z]))'
                        )
                END
            )
        ),
        false
    );

-- Besides, other identifiers that are long enough not to be met by chance, as words.
CREATE OR REPLACE TEMP MACRO names_person(v) AS
    names_who(v)
    OR coalesce(
        list_bool_or(
            list_transform(
                getvariable('person_values'),
                LAMBDA each: CASE
                    WHEN contains(v, each)
                        THEN regexp_matches(v, '(^|[^0-9A-Za-z])' || regexp_escape(each) || '($|[^0-9A-Za-z])')
                END
            )
        ),
        false
    );

-- An identifier, however short, where its kind stands beside it.
CREATE OR REPLACE TEMP MACRO names_identifier(kind, v) AS
    names_who(v) OR coalesce(list_contains(getvariable('person_identifiers'), concat(kind, ':', v)), false);

CREATE OR REPLACE TEMP MACRO names_record(v) AS
    names_person(v) OR coalesce(list_contains(getvariable('person_records'), v), false);
