-- Whether a text names the person that is looked for: macros of one connection, with what is looked for as patterns.

-- An Id of a record or of the profile, an address in any letter case.
CREATE OR REPLACE TEMP MACRO names_who(v) AS coalesce({who}, false);

-- Besides, another identifier that is long enough not to be met by chance.
CREATE OR REPLACE TEMP MACRO names_person(v) AS names_who(v) OR coalesce({other}, false);

-- An identifier, however short, where its kind stands beside it; and the Id of a row, where it is one.
CREATE OR REPLACE TEMP MACRO names_identifier(kind, v) AS
    names_who(v) OR coalesce(list_contains(getvariable('person_identifiers'), concat(kind, ':', v)), false);

CREATE OR REPLACE TEMP MACRO names_record(v) AS
    names_person(v) OR coalesce(list_contains(getvariable('person_records'), v), false);
