-- {rows} profiles with a contact each, an audience for a third of them, and what the org confirmed of all.
CREATE OR REPLACE TABLE profiles.profiles AS
SELECT
    'p' || lpad(n::VARCHAR, 9, '0') AS profile_id,
    TIMESTAMP '2026-01-01' AS created_at,
    TIMESTAMP '2026-01-01' AS updated_at,
    'person' || n || '@example.com' AS email,
    'Title ' || (n % 1000) AS title,
    'City ' || (n % 5000) AS city,
    (n % 100)::BIGINT AS visits,
    [ids.record_id] AS salesforce_contact_ids
FROM range({rows}) AS numbers (n)
JOIN (SELECT row_number() OVER (ORDER BY record_id) - 1 AS n, record_id FROM ids) AS ids USING (n);

CREATE OR REPLACE TABLE streams.salesforce_contacts AS
SELECT
    record_id AS "Id", TIMESTAMP '2026-01-01' AS "SystemModstamp", TIMESTAMP '2026-01-01' AS _loaded_at, '' AS _window,
    NULL::TIMESTAMP AS _deleted_at
FROM ids;

INSERT INTO insight.audiences
SELECT 'Hot', '', '', '', 0, TIMESTAMP '2026-01-01';

INSERT INTO insight.audience_members
SELECT 'Hot', profile_id, TIMESTAMP '2026-01-01', NULL, 'person', NULL
FROM profiles.profiles WHERE visits % 3 = 0;

INSERT INTO insight.scores BY NAME
SELECT profile_id, TIMESTAMP '2026-01-01' AS computed_at, visits AS frequency, 100 - visits AS recency
FROM profiles.profiles;
