-- The documented names over the stream tables. Times are UTC; a row that the org has deleted carries deleted_at.

-- One row for each lead.
CREATE OR REPLACE VIEW main.salesforce_leads AS
SELECT
    record."Id" AS record_id,
    {salesforce_leads_fields},
    record._changed_at AS modified_at,
    record._loaded_at AS imported_at,
    record._deleted_at AS deleted_at
FROM {salesforce_leads} AS record;

-- One row for each contact.
CREATE OR REPLACE VIEW main.salesforce_contacts AS
SELECT
    record."Id" AS record_id,
    {salesforce_contacts_fields},
    record._changed_at AS modified_at,
    record._loaded_at AS imported_at,
    record._deleted_at AS deleted_at
FROM {salesforce_contacts} AS record;

-- One row for each account and each of its contacts; an account without contacts has one row.
CREATE OR REPLACE VIEW main.salesforce_accounts AS
WITH contact_of_account AS (
    SELECT "AccountId" AS account_id, "Id" AS contact_id
    FROM {salesforce_contacts}
    WHERE _deleted_at IS NULL AND "AccountId" IS NOT NULL
    UNION
    SELECT "AccountId", "ContactId"
    FROM {salesforce_account_contact_relations}
    WHERE _deleted_at IS NULL AND "ContactId" IS NOT NULL
)
SELECT
    record."Id" AS record_id,
    link.contact_id AS account_contact_id,
    {salesforce_accounts_fields},
    record._changed_at AS modified_at,
    record._loaded_at AS imported_at,
    record._deleted_at AS deleted_at
FROM {salesforce_accounts} AS record
LEFT JOIN contact_of_account AS link ON link.account_id = record."Id";

-- One row for each opportunity and each of its contacts: the primary one and those with a role.
CREATE OR REPLACE VIEW main.salesforce_opportunities AS
WITH contact_of_opportunity AS (
    SELECT "Id" AS opportunity_id, "ContactId" AS contact_id
    FROM {salesforce_opportunities}
    WHERE "ContactId" IS NOT NULL
    UNION
    SELECT "OpportunityId", "ContactId"
    FROM {salesforce_opportunity_contact_roles}
    WHERE _deleted_at IS NULL AND "ContactId" IS NOT NULL
)
SELECT
    record."Id" AS record_id,
    link.contact_id AS opportunity_contact_id,
    {salesforce_opportunities_fields},
    record._changed_at AS modified_at,
    record._loaded_at AS imported_at,
    record._deleted_at AS deleted_at
FROM {salesforce_opportunities} AS record
LEFT JOIN contact_of_opportunity AS link ON link.opportunity_id = record."Id";
