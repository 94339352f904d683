-- What each record says of who it is, an identifier a row: the start of all ways but ours. It reads the tables leads and
-- contacts, a column an identifier, whose values are cleaned. UNPIVOT takes a fifth longer.
CREATE TEMP VIEW records AS
FROM leads
UNION ALL BY NAME
FROM contacts;

CREATE TEMP VIEW said AS
SELECT record, 'lead_id' AS kind, lead_id AS value FROM leads WHERE lead_id IS NOT NULL
UNION ALL
SELECT record, 'contact_id', contact_id FROM leads WHERE contact_id IS NOT NULL
UNION ALL
SELECT record, 'email', email FROM leads WHERE email IS NOT NULL
UNION ALL
SELECT record, 'customer_number', customer_number FROM leads WHERE customer_number IS NOT NULL
UNION ALL
SELECT record, 'contact_id', contact_id FROM contacts WHERE contact_id IS NOT NULL
UNION ALL
SELECT record, 'email', email FROM contacts WHERE email IS NOT NULL
UNION ALL
SELECT record, 'customer_number', customer_number FROM contacts WHERE customer_number IS NOT NULL;
