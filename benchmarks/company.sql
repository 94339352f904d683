-- The streams of a company: leads, contacts, accounts, opportunities with contact roles, and web events. {people} people
-- are behind them; some have several leads, two contacts, two emails and several cookies. The same numbers give the same
-- rows: what looks drawn at random is the hash of a row's number.
CREATE OR REPLACE TEMP MACRO draw(i, seed, below) AS (hash(i * 1000 + seed) % below)::BIGINT;
CREATE OR REPLACE TEMP MACRO pick(i, seed, words) AS words[1 + draw(i, seed, len(words))];
CREATE OR REPLACE TEMP MACRO sometimes(i, seed, percent, v) AS CASE WHEN draw(i, seed, 100) < percent THEN v END;
CREATE OR REPLACE TEMP MACRO record_id(prefix, i) AS prefix || lpad(i::VARCHAR, 12, '0') || 'AAA';

-- A moment of the last two years; no two rows of one person have the same one.
CREATE OR REPLACE TEMP MACRO moment(i, stream) AS
    TIMESTAMP '2024-10-01' + to_microseconds((i * 2654435761 % 63000000000) * 1000 + stream);

CREATE OR REPLACE TEMP MACRO first_name(person) AS
    pick(person, 1, ['Ada', 'Grace', 'Alan', 'Edsger', 'Barbara', 'Donald', 'Frances', 'John', 'Leslie', 'Margaret']);
CREATE OR REPLACE TEMP MACRO last_name(person) AS
    pick(person, 2, ['Lovelace', 'Hopper', 'Turing', 'Dijkstra', 'Liskov', 'Knuth', 'Allen', 'Backus', 'Lamport']);
CREATE OR REPLACE TEMP MACRO email_of(person, which) AS
    lower(first_name(person)) || '.' || lower(last_name(person)) || person || CASE which
        WHEN 0 THEN '@example' || draw(person, 3, 5000) || '.com'
        ELSE '@mail' || draw(person, 4, 50) || '.example.org'
    END;

-- As people write it: now and then in capitals, none at all, that of a role, or no email.
CREATE OR REPLACE TEMP MACRO written_email(i, person) AS CASE
    WHEN draw(i, 5, 100) < 8 THEN NULL
    WHEN draw(i, 6, 1000) < 5 THEN 'info@example' || draw(i, 7, 5000) || '.com'
    WHEN draw(i, 6, 1000) < 7 THEN 'n/a'
    WHEN draw(i, 8, 100) < 5 THEN ' ' || upper(email_of(person, 0)) || ' '
    ELSE email_of(person, (draw(i, 9, 100) < 12)::BIGINT)
END;
CREATE OR REPLACE TEMP MACRO phone(i, seed) AS format('({{}}) {{}}-{{}}', 200 + draw(i, seed, 700), 200 + draw(i, seed + 1, 700),
    lpad(draw(i, seed + 2, 10000)::VARCHAR, 4, '0'));
CREATE OR REPLACE TEMP MACRO source_of(i) AS
    sometimes(i, 10, 80, pick(i, 11, ['Web', 'Phone Inquiry', 'Partner Referral', 'Purchased List', 'Event', 'Other']));
CREATE OR REPLACE TEMP MACRO industry(i) AS
    pick(i, 12, ['Technology', 'Banking', 'Education', 'Energy', 'Healthcare', 'Retail', 'Manufacturing', 'Media']);
CREATE OR REPLACE TEMP MACRO city(i) AS
    pick(i, 13, ['Berlin', 'Boston', 'Chicago', 'Denver', 'Dublin', 'Lyon', 'Madrid', 'Oslo', 'Porto', 'Seattle']);
CREATE OR REPLACE TEMP MACRO country(i) AS pick(i, 14, ['US', 'DE', 'FR', 'ES', 'IE', 'NO', 'PT']);
CREATE OR REPLACE TEMP MACRO job(i) AS
    pick(i, 15, ['CEO', 'CTO', 'VP Marketing', 'Director', 'Manager', 'Engineer', 'Analyst', 'Buyer', 'Consultant']);
CREATE OR REPLACE TEMP MACRO salutation(i) AS pick(i, 16, ['Ms.', 'Mr.', 'Dr.', 'Prof.']);

CREATE TABLE streams.salesforce_leads AS
SELECT
    record_id('00Q', i) AS "Id",
    moment(i, 0) AS "SystemModstamp",
    deleted AS "IsDeleted",
    written_email(i, person) AS "Email",
    company || ' ' || draw(i, 20, 100000) AS "Company",
    CASE WHEN converted THEN moment(i, 0)::DATE END AS "ConvertedDate",
    moment(i, 0) - to_days(draw(i, 21, 700)::INTEGER) AS "CreatedDate",
    sometimes(i, 22, 3, moment(i, 0)) AS "EmailBouncedDate",
    sometimes(i, 22, 3, '550 no such mailbox') AS "EmailBouncedReason",
    first_name(person) AS "FirstName",
    draw(i, 23, 10) = 0 AS "HasOptedOutOfEmail",
    sometimes(i, 24, 70, industry(i)) AS "Industry",
    converted AS "IsConverted",
    moment(i, 0) AS "LastModifiedDate",
    last_name(person) AS "LastName",
    sometimes(i, 25, 40, phone(i, 26)) AS "MobilePhone",
    first_name(person) || ' ' || last_name(person) AS "Name",
    sometimes(i, 29, 60, draw(i, 30, 20000)) AS "NumberOfEmployees",
    sometimes(i, 31, 70, phone(i, 32)) AS "Phone",
    sometimes(i, 35, 60, lpad(draw(i, 36, 100000)::VARCHAR, 5, '0')) AS "PostalCode",
    pick(i, 37, ['Inbound', 'Outbound', 'Partner']) AS "RecordType.Name",
    salutation(person) AS "Salutation",
    source_of(i) AS "LeadSource",
    pick(i, 38, ['Open - Not Contacted', 'Working - Contacted', 'Closed - Converted', 'Closed - Not Converted'])
        AS "Status",
    sometimes(i, 39, 80, job(i)) AS "Title",
    sometimes(i, 40, 50, 'https://www.example' || draw(i, 41, 5000) || '.com') AS "Website",
    CASE WHEN converted THEN record_id('003', person) END AS "ConvertedContactId",
    CASE WHEN converted THEN record_id('001', person % {accounts}) END AS "ConvertedAccountId",
    NULL::VARCHAR AS "MasterRecordId",
    TIMESTAMP '2026-11-01' AS _loaded_at,
    'first' AS _window,
    CASE WHEN deleted THEN moment(i, 0) END AS _deleted_at,
    moment(i, 0) AS _changed_at
FROM (
    SELECT
        i,
        draw(i, 42, {people}) AS person,
        draw(i, 42, {people}) < {contact_people} AND draw(i, 43, 5) = 0 AS converted,
        draw(i, 44, 100) = 0 AS deleted,
        pick(i, 45, ['Acme', 'Globex', 'Initech', 'Umbrella', 'Hooli', 'Stark', 'Wayne', 'Wonka']) AS company
    FROM range({leads}) AS numbers (i)
);

-- The second contact of a person is a duplicate of the first, or was one and is merged into it.
CREATE TABLE streams.salesforce_contacts AS
SELECT
    record_id('003', i) AS "Id",
    moment(i, 1) AS "SystemModstamp",
    deleted AS "IsDeleted",
    written_email(i + 500000000, person) AS "Email",
    sometimes(person, 50, 30, DATE '1950-01-01' + draw(person, 51, 18000)::INTEGER) AS "Birthdate",
    city(i) AS "MailingCity",
    country(i) AS "MailingCountryCode",
    moment(i, 1) - to_days(draw(i, 52, 700)::INTEGER) AS "CreatedDate",
    sometimes(i, 53, 60, pick(i, 54, ['Sales', 'Finance', 'Marketing', 'Operations', 'Research'])) AS "Department",
    sometimes(i, 55, 3, '550 no such mailbox') AS "EmailBouncedReason",
    draw(i, 56, 10) = 0 AS "HasOptedOutOfEmail",
    draw(i, 55, 100) < 3 AS "IsEmailBounced",
    sometimes(i, 57, 10, moment(i, 1)) AS "LastCURequestDate",
    sometimes(i, 55, 3, moment(i, 1)) AS "EmailBouncedDate",
    moment(i, 1) AS "LastModifiedDate",
    sometimes(i, 58, 50, draw(i, 59, 180000) / 1000 - 90) AS "MailingLatitude",
    sometimes(i, 58, 50, draw(i, 60, 360000) / 1000 - 180) AS "MailingLongitude",
    salutation(person) AS "Salutation",
    first_name(person) AS "FirstName",
    last_name(person) AS "LastName",
    sometimes(i, 61, 80, job(i)) AS "Title",
    source_of(i + 500000000) AS "LeadSource",
    record_id('001', i % {accounts}) AS "AccountId",
    CASE WHEN merged THEN record_id('003', person) END AS "MasterRecordId",
    TIMESTAMP '2026-11-01' AS _loaded_at,
    'first' AS _window,
    CASE WHEN deleted THEN moment(i, 1) END AS _deleted_at,
    moment(i, 1) AS _changed_at
FROM (
    SELECT
        i,
        i % {contact_people} AS person,
        i >= {contact_people} AND draw(i, 62, 4) = 0 AS merged,
        draw(i, 63, 100) = 0 OR (i >= {contact_people} AND draw(i, 62, 4) = 0) AS deleted
    FROM range({contacts}) AS numbers (i)
);

CREATE TABLE streams.salesforce_accounts AS
SELECT
    record_id('001', i) AS "Id",
    moment(i, 2) AS "SystemModstamp",
    false AS "IsDeleted",
    sometimes(i, 70, 70, draw(i, 71, 100000) * 1000.0) AS "AnnualRevenue",
    city(i) AS "BillingCity",
    country(i) AS "BillingCountry",
    country(i) AS "BillingCountryCode",
    sometimes(i, 72, 50, draw(i, 73, 180000) / 1000 - 90) AS "BillingLatitude",
    sometimes(i, 72, 50, draw(i, 74, 360000) / 1000 - 180) AS "BillingLongitude",
    lpad(draw(i, 75, 100000)::VARCHAR, 5, '0') AS "BillingPostalCode",
    sometimes(i, 76, 60, pick(i, 77, ['California', 'Texas', 'Ohio', 'Maine', 'Utah'])) AS "BillingState",
    sometimes(i, 76, 60, pick(i, 77, ['CA', 'TX', 'OH', 'ME', 'UT'])) AS "BillingStateCode",
    draw(i, 78, 900) || ' Main Street' AS "BillingStreet",
    moment(i, 2) - to_days(draw(i, 79, 700)::INTEGER) AS "CreatedDate",
    industry(i) AS "Industry",
    draw(i, 80, 20) = 0 AS "IsPartner",
    'Account ' || i AS "Name",
    draw(i, 81, 50000) AS "NumberOfEmployees",
    sometimes(i, 82, 60, pick(i, 83, ['Public', 'Private', 'Subsidiary', 'Other'])) AS "Ownership",
    sometimes(i, 84, 50, pick(i, 85, ['Hot', 'Warm', 'Cold'])) AS "Rating",
    city(i + 1) AS "ShippingCity",
    country(i) AS "ShippingCountry",
    country(i) AS "ShippingCountryCode",
    lpad(draw(i, 86, 100000)::VARCHAR, 5, '0') AS "ShippingPostalCode",
    sometimes(i, 76, 60, pick(i, 87, ['California', 'Texas', 'Ohio', 'Maine', 'Utah'])) AS "ShippingState",
    sometimes(i, 76, 60, pick(i, 87, ['CA', 'TX', 'OH', 'ME', 'UT'])) AS "ShippingStateCode",
    draw(i, 88, 900) || ' Side Street' AS "ShippingStreet",
    source_of(i + 700000000) AS "AccountSource",
    pick(i, 89, ['Prospect', 'Customer', 'Partner', 'Other']) AS "Type",
    'https://www.example' || draw(i, 90, 5000) || '.com' AS "Website",
    TIMESTAMP '2026-11-01' AS _loaded_at,
    'first' AS _window,
    NULL::TIMESTAMP AS _deleted_at,
    moment(i, 2) AS _changed_at
FROM range({accounts}) AS numbers (i);

CREATE TABLE streams.salesforce_opportunities AS
SELECT
    record_id('006', i) AS "Id",
    moment(i, 3) AS "SystemModstamp",
    false AS "IsDeleted",
    sometimes(i, 100, 60, record_id('003', draw(i, 101, {contacts}))) AS "ContactId",
    source_of(i + 800000000) AS "LeadSource",
    sometimes(i, 102, 90, draw(i, 103, 1000000) / 4) AS "Amount",
    (moment(i, 3) + to_days(draw(i, 104, 200)::INTEGER))::DATE AS "CloseDate",
    moment(i, 3) - to_days(draw(i, 105, 300)::INTEGER) AS "CreatedDate",
    '2026 ' || (1 + draw(i, 106, 4)) AS "Fiscal",
    1 + draw(i, 106, 4) AS "FiscalQuarter",
    2026::BIGINT AS "FiscalYear",
    pick(i, 107, ['Pipeline', 'BestCase', 'Forecast', 'Omitted', 'Closed']) AS "ForecastCategory",
    pick(i, 107, ['Pipeline', 'Best Case', 'Commit', 'Omitted', 'Closed']) AS "ForecastCategoryName",
    draw(i, 108, 3) = 0 AS "HasOpenActivity",
    draw(i, 109, 2) = 0 AS "IsClosed",
    draw(i, 109, 4) = 0 AS "IsWon",
    moment(i, 3) AS "LastModifiedDate",
    'Deal ' || i AS "Name",
    sometimes(i, 110, 30, pick(i, 111, ['Call', 'Demo', 'Proposal', 'Contract'])) AS "NextStep",
    draw(i, 112, 101)::DOUBLE AS "Probability",
    pick(i, 113, ['Prospecting', 'Qualification', 'Proposal', 'Negotiation', 'Closed Won', 'Closed Lost']) AS "StageName",
    sometimes(i, 114, 70, pick(i, 115, ['New Business', 'Existing Business', 'Renewal'])) AS "Type",
    TIMESTAMP '2026-11-01' AS _loaded_at,
    'first' AS _window,
    NULL::TIMESTAMP AS _deleted_at,
    moment(i, 3) AS _changed_at
FROM range({opportunities}) AS numbers (i);

CREATE TABLE streams.salesforce_opportunity_contact_roles AS
SELECT
    record_id('00K', i) AS "Id",
    moment(i, 4) AS "SystemModstamp",
    false AS "IsDeleted",
    record_id('006', i % {opportunities}) AS "OpportunityId",
    record_id('003', draw(i, 120, {contacts})) AS "ContactId",
    pick(i, 121, ['Decision Maker', 'Influencer', 'User']) AS "Role",
    TIMESTAMP '2026-11-01' AS _loaded_at,
    'first' AS _window,
    NULL::TIMESTAMP AS _deleted_at,
    moment(i, 4) AS _changed_at
FROM range({roles}) AS numbers (i);

-- Each event is of one of three devices of a person; in three of ten the person is logged in.
CREATE TABLE streams.web_events AS
SELECT
    'e' || i AS event_id,
    moment(i, 5) AS occurred_at,
    pick(i, 130, ['page', 'page', 'page', 'click', 'form']) AS type,
    sometimes(i, 131, 30, email_of(person, 0)) AS email,
    md5(concat(person, ':', device)) AS anonymous_id,
    'https://www.example.com/' || topic || '/' || draw(i, 132, 300) AS url,
    topic || ' ' || draw(i, 132, 300) AS title,
    [topic] AS topics,
    NULL::JSON AS properties,
    'events.jsonl' AS _file,
    i AS _line,
    TIMESTAMP '2026-11-01' AS _loaded_at
FROM (
    SELECT
        i,
        draw(draw(i, 133, {sessions}), 134, {people}) AS person,
        draw(draw(i, 133, {sessions}), 135, 3) AS device,
        pick(i, 136, ['pricing', 'data', 'docs', 'blog', 'careers', 'partners', 'security', 'events']) AS topic
    FROM range({events}) AS numbers (i)
);
