-- One record in a hundred of each stream changes in turn {turn}: most get other values, some another email, some are
-- deleted, some are new, with the values of an older one and an id and an email of their own. Events are only new ones.
CREATE OR REPLACE TEMP MACRO is_drawn(id, share) AS hash(id || '{turn}') % 1000 < share;

UPDATE streams.salesforce_leads
SET "Status" = 'Changed {turn}', "Title" = NULL, _changed_at = TIMESTAMP '2026-10-01' + to_days({turn})
WHERE is_drawn("Id", 5);

UPDATE streams.salesforce_leads
SET "Email" = 'changed' || "Id" || '{turn}@example.com', _changed_at = TIMESTAMP '2026-10-02' + to_days({turn})
WHERE is_drawn('email' || "Id", 2);

UPDATE streams.salesforce_leads
SET "IsDeleted" = true, _deleted_at = TIMESTAMP '2026-10-03' + to_days({turn})
WHERE is_drawn('deleted' || "Id", 2) AND _deleted_at IS NULL;

INSERT INTO streams.salesforce_leads
SELECT * REPLACE (
    '00Q{turn}' || substr("Id", 5) AS "Id",
    'new' || "Id" || '{turn}@example.com' AS "Email",
    TIMESTAMP '2026-10-04' + to_days({turn}) AS _changed_at
)
FROM streams.salesforce_leads
WHERE is_drawn('new' || "Id", 1) AND "Id" LIKE '00Q0%';

UPDATE streams.salesforce_contacts
SET "Department" = 'Changed {turn}', _changed_at = TIMESTAMP '2026-10-01' + to_days({turn})
WHERE is_drawn("Id", 8);

UPDATE streams.salesforce_contacts
SET "IsDeleted" = true, _deleted_at = TIMESTAMP '2026-10-03' + to_days({turn})
WHERE is_drawn('deleted' || "Id", 2) AND _deleted_at IS NULL;

UPDATE streams.salesforce_accounts
SET "Rating" = 'Changed {turn}', _changed_at = TIMESTAMP '2026-10-01' + to_days({turn})
WHERE is_drawn("Id", 10);

UPDATE streams.salesforce_opportunities
SET "StageName" = 'Changed {turn}', _changed_at = TIMESTAMP '2026-10-01' + to_days({turn})
WHERE is_drawn("Id", 10);

UPDATE streams.salesforce_opportunity_contact_roles
SET _deleted_at = TIMESTAMP '2026-10-03' + to_days({turn})
WHERE is_drawn("Id", 10) AND _deleted_at IS NULL;

INSERT INTO streams.web_events
SELECT * REPLACE (
    event_id || 'n{turn}' AS event_id, TIMESTAMP '2026-10-05' + to_days({turn}) + to_milliseconds(_line) AS occurred_at,
    TIMESTAMP '2026-10-06' + to_days({turn}) AS _loaded_at
)
FROM streams.web_events
WHERE is_drawn(event_id, 10) AND _file = 'events.jsonl';
