-- When each profile was active, up to now.
CREATE OR REPLACE TEMP TABLE behaviour AS
SELECT profile_id, occurred_at
FROM (
    {events}
)
WHERE occurred_at <= $now::TIMESTAMP
