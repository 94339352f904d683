-- A text by which rows make a group: letter case and outer spaces aside. Ids of 15 characters, which differ by letter
-- case alone, are one with theirs of 18.
CREATE OR REPLACE TEMP MACRO group_value(value) AS
    CASE
        WHEN regexp_full_match(trim(value), '[0-9A-Za-z]{15}') AND regexp_matches(value, '[0-9]') THEN lower(id18(trim(value)))
        ELSE lower(trim(value))
    END;

-- The latest value of a group's rows.
CREATE OR REPLACE TEMP MACRO latest(value, moment, subject) AS
    arg_max(value, {'moment': coalesce(moment, TIMESTAMP '1970-01-01'), 'subject': subject});

-- The exact sum of texts that are numbers; where one is none, that text, which no number field takes.
CREATE OR REPLACE TEMP MACRO total(value) AS
    coalesce(
        min(value) FILTER (trim(value) <> '' AND TRY_CAST(value AS DECIMAL(24, 6)) IS NULL),
        CAST(sum(TRY_CAST(value AS DECIMAL(24, 6))) AS VARCHAR)
    );
