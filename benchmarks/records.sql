-- {records} leads and contacts of half as many people, with 13 identifiers for 5 of them: each its own id, 9 of 10 an
-- email, 3 of 5 a customer number, 1 of 5 leads the contact it was converted to. No guard has anything to refuse.
CREATE TABLE main.salesforce_leads AS
SELECT
    '00Q' || lpad(i::VARCHAR, 12, '0') || 'AAA' AS record_id,
    TIMESTAMP '2026-01-01' + to_seconds(i) AS modified_at,
    NULL::TIMESTAMP AS deleted_at,
    record_id AS lead_id,
    CASE WHEN i % 10 > 0 THEN 'person' || person || '@example' || (hash(i) % 8 // 7)::BIGINT || '.com' END AS lead_email,
    CASE WHEN i % 5 < 3 THEN 'C' || person END AS customer_number,
    CASE WHEN i % 5 = 0 THEN '003' || lpad(person::VARCHAR, 12, '0') || 'AAA' END AS lead_converted_contact_id
FROM (
    SELECT i, (hash(i * 7 + 1) % CASE WHEN i % 5 = 0 THEN {people} // 2 ELSE {people} END)::BIGINT AS person
    FROM range({records} // 2) AS numbers (i)
);

CREATE TABLE main.salesforce_contacts AS
SELECT
    '003' || lpad(i::VARCHAR, 12, '0') || 'AAA' AS record_id,
    TIMESTAMP '2026-01-01' + to_seconds(i) AS modified_at,
    NULL::TIMESTAMP AS deleted_at,
    record_id AS contact_id,
    CASE WHEN i % 10 > 0 THEN 'person' || person || '@example' || (hash(i + 7) % 8 // 7)::BIGINT || '.com' END
        AS contact_email,
    CASE WHEN i % 5 < 3 THEN 'C' || person END AS customer_number
FROM (SELECT i, i % ({people} // 2) AS person FROM range({records} // 2) AS numbers (i));
