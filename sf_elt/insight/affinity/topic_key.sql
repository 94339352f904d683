-- A topic as it is written: one space for any white space, none around it. What differs in letter case alone is one topic.
CREATE OR REPLACE TEMP MACRO topic_spelling(said) AS
    trim(regexp_replace(nfc_normalize(said), '[\s\p{Z}\p{Cc}]+', ' ', 'g'));

CREATE OR REPLACE TEMP MACRO topic_key(said) AS nfc_normalize(lower(topic_spelling(said)));
